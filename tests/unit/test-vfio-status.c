/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `hostler status` says of a claim, above all of one whose device is stuck. */
#include "fakehost.h"
#include "hostler/error.h"
#include "hostler/plugin.h"
#include "plugins/vfio/status.h"

#define BDF "0000:01:00.0"
#define UUID "11111111-2222-3333-4444-555555555555"

const HostlerPlugin *const *hostler_plugins(void)
{
	static const HostlerPlugin *const plugins[] = { &hostler_plugin_vfio, NULL };

	return plugins;
}

static void take_line(gpointer data, const HostlerRecord *of, const char *section, const char *key, const char *text)
{
	g_string_append_printf(data, "%s %s %s: %s", of->name, section, key, text);
}

static void assert_says(HostlerHost *host, const char *expected)
{
	g_autoptr(GString) said = g_string_new(NULL);
	HostlerSink sink = { .line = take_line, .data = said };

	vfio_status(host, &sink);
	g_assert_cmpstr(said->str, ==, expected);
}

static HostlerHost *open_host(void)
{
	g_autoptr(GError) error = NULL;
	HostlerHost *host = fakehost_new("[device " BDF "]\ndriver=e1000e\n", &error);

	g_assert_no_error(error);
	return host;
}

static void store_claim(HostlerHost *host, HostlerPhase phase, const char *trouble)
{
	g_autoptr(HostlerRecord) claim = hostler_record_new(host, HOSTLER_RECORD_CLAIM, BDF, UUID, "web");

	g_key_file_set_string(claim->body, "found", "driver", "e1000e");
	if (trouble != NULL)
		g_key_file_set_string(claim->body, "trouble", "text", trouble);
	hostler_record_enter(host, claim, phase);
	g_assert_true(hostler_record_store(host, claim, NULL));
}

static gboolean read_vendor(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_free(host->ops->pci_read(host, job->bdf, "vendor", error));
	return TRUE;
}

static void get_stuck(HostlerHost *host)
{
	HostlerJob job = { .bdf = BDF };

	g_assert_true(fakehost_fault(host, "read " BDF " vendor hang", NULL));
	host->ops->run_jobs(host, &job, 1, read_vendor);
	hostler_jobs_clear(&job, 1);
}

static void test_held(void)
{
	g_autoptr(HostlerHost) host = open_host();

	store_claim(host, HOSTLER_PHASE_HELD, NULL);
	assert_says(host, "web devices " BDF ": held, found on e1000e");
	store_claim(host, HOSTLER_PHASE_ENDED, "it did not go back");
	assert_says(host, "web devices " BDF ": ended, found on e1000e; it did not go back");
}

/* Nothing of the device is read: it would take the reader along. */
static void test_stuck(void)
{
	g_autoptr(HostlerHost) host = open_host();

	get_stuck(host);
	store_claim(host, HOSTLER_PHASE_STUCK, NULL);
	g_assert_true(fakehost_fault(host, "read " BDF " #* vanish", NULL));
	fakehost_clock(host, 7);
	assert_says(host, "web devices " BDF ": STUCK for 7 s, found on e1000e; end the program that has it open, or "
			  "restart the host");
	store_claim(host, HOSTLER_PHASE_STUCK, "pid 7 has it open; end it");
	fakehost_clock(host, 200);
	assert_says(host, "web devices " BDF ": STUCK for 3 min, found on e1000e; pid 7 has it open; end it; it goes "
			  "back by itself as soon as the kernel lets go of it");
	g_assert_true(host->ops->pci_exists(host, BDF));
}

/* As when the child was killed before it could settle. */
static void test_came_loose(void)
{
	g_autoptr(HostlerHost) host = open_host();

	store_claim(host, HOSTLER_PHASE_STUCK, NULL);
	fakehost_clock(host, 9000);
	assert_says(host, "web devices " BDF ": STUCK for 2 h, found on e1000e; the kernel has come back since; mend: "
			  "hostler settle");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vfio-status/held", test_held);
	g_test_add_func("/vfio-status/stuck", test_stuck);
	g_test_add_func("/vfio-status/came-loose", test_came_loose);
	return g_test_run();
}
