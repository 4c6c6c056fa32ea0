/* SPDX-License-Identifier: GPL-2.0-or-later */
/* That `hostler settle --wait` leaves nothing behind, whenever the clock ticks. */
#include "qemu-helpers/hostler/settle-wait.h"

#include "fakehost.h"
#include "hostler/lock.h"
#include "hostler/plugin.h"

#define BDF "0000:01:00.0"
#define UUID "11111111-2222-3333-4444-555555555555"

const HostlerPlugin *const *hostler_plugins(void)
{
	static const HostlerPlugin *const plugins[] = { &hostler_plugin_vfio, NULL };

	return plugins;
}

typedef struct {
	HostlerHost *host;
	const HostlerHostOps *ops; /* those of the fake */
	HostlerHostOps ticking;
} Fixture;

static gint64 ticks;

/* A second begins between any two looks at the clock. */
static gint64 tick(HostlerHost *host)
{
	return ticks++;
}

static void store_ended(Fixture *fixture)
{
	g_autoptr(HostlerRecord) claim = hostler_record_new(fixture->host, HOSTLER_RECORD_CLAIM, BDF, UUID, "web");

	g_key_file_set_string(claim->body, "found", "driver", "e1000e");
	hostler_record_enter(fixture->host, claim, HOSTLER_PHASE_ENDED);
	g_assert_true(hostler_record_store(fixture->host, claim, NULL));
}

static void set_up(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	fixture->host = fakehost_new("[device " BDF "]\ndriver=vfio-pci\nnative=e1000e\nenable=0\n", &error);
	g_assert_no_error(error);
	store_ended(fixture);
	fixture->ops = fixture->host->ops;
	fixture->ticking = *fixture->ops;
	fixture->host->ops = &fixture->ticking;
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	fixture->host->ops = fixture->ops;
	hostler_host_free(fixture->host);
}

static gboolean is_claimed(Fixture *fixture)
{
	g_autoptr(HostlerRecord) claim = hostler_record_load(fixture->host, HOSTLER_RECORD_CLAIM, BDF);

	return claim != NULL;
}

static void test_until_the_grace_is_over(Fixture *fixture, gconstpointer data)
{
	settle_until_over(fixture->host);
	g_assert_false(is_claimed(fixture));
	g_assert_cmpstr(fakehost_get(fixture->host, BDF, "driver"), ==, "e1000e");
}

/* Wherever in all this the half minute ends. */
static void test_ends_at_any_look(Fixture *fixture, gconstpointer data)
{
	fixture->ticking.boottime = tick;
	for (gint64 begin = 20; begin < 32; begin++) {
		ticks = 0;
		store_ended(fixture);
		ticks = begin;
		settle_until_over(fixture->host);
		g_assert_false(is_claimed(fixture));
	}
}

static gint64 later(HostlerHost *host)
{
	return ticks += G_USEC_PER_SEC;
}

static void test_leaves_it_to_the_first(Fixture *fixture, gconstpointer data)
{
	g_autoptr(HostlerLock) lock G_GNUC_UNUSED = hostler_lock_try(fixture->host, "settle", NULL);

	ticks = 0;
	fixture->ticking.monotonic = later;
	settle_until_over(fixture->host);
	g_assert_true(is_claimed(fixture));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/settle-wait/until-the-grace-is-over", Fixture, NULL, set_up, test_until_the_grace_is_over, tear_down);
	g_test_add("/settle-wait/ends-at-any-look", Fixture, NULL, set_up, test_ends_at_any_look, tear_down);
	g_test_add("/settle-wait/leaves-it-to-the-first", Fixture, NULL, set_up, test_leaves_it_to_the_first, tear_down);
	return g_test_run();
}
