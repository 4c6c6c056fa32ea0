/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What settling says of a claim is said of the claim as it is when the device's lock is had, not of the one that
 * was there when the folder was listed. */
#include <fcntl.h>
#include <unistd.h>

#include "fakehost.h"
#include "hostler/plugin.h"

#define BDF "0000:01:00.0"
#define LATER "0000:02:00.0" /* its record is listed, and read, after the other's */
#define UUID "11111111-2222-3333-4444-555555555555"

const HostlerPlugin *const *hostler_plugins(void)
{
	static const HostlerPlugin *const plugins[] = { &hostler_plugin_reset, NULL };

	return plugins;
}

static void store_claim(HostlerHost *host, HostlerPhase phase, gboolean rescan)
{
	g_autoptr(HostlerRecord) claim = hostler_record_new(host, HOSTLER_RECORD_CLAIM, BDF, UUID, "vm");

	g_key_file_set_string(claim->body, HOSTLER_CLAIM_RESET, "outcome", "was reset");
	if (rescan)
		g_key_file_set_string(claim->body, HOSTLER_CLAIM_RESET, HOSTLER_CLAIM_RESCAN, "0000:00:1c.0");
	hostler_record_enter(host, claim, phase);
	g_assert_true(hostler_record_store(host, claim, NULL));
}

/* --- another run, between the listing and the lock --- */

static struct {
	const HostlerHostOps *ops;
	gboolean is_over, returns;
} other;

/* Asked for the name under which the record that is none is put away. */
static gint64 boottime(HostlerHost *host)
{
	gint64 now = other.ops->boottime(host);

	if (other.is_over)
		return now;
	other.is_over = TRUE;
	if (other.returns)
		hostler_record_remove(host, HOSTLER_RECORD_CLAIM, BDF);
	else
		store_claim(host, HOSTLER_PHASE_HELD, FALSE);
	return now;
}

static void spoil_later(HostlerHost *host)
{
	g_autofree char *path = hostler_record_path(host, HOSTLER_RECORD_CLAIM, LATER);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	g_assert_cmpint(fd, >=, 0);
	close(fd);
}

static void settle_beside(HostlerHost *host, gboolean returns)
{
	HostlerHostOps ops = *host->ops;

	store_claim(host, HOSTLER_PHASE_PENDING, TRUE);
	spoil_later(host);
	other.ops = host->ops;
	other.is_over = FALSE;
	other.returns = returns;
	ops.boottime = boottime;
	host->ops = &ops;
	hostler_plugin_reset.settle(host, HOSTLER_SETTLE_IN_FULL);
	host->ops = other.ops;
	g_assert_true(other.is_over);
}

static HostlerHost *open_host(void)
{
	g_autoptr(GError) error = NULL;
	HostlerHost *host = fakehost_new("[device " BDF "]\ndriver=e1000e\niommu_group=1\n", &error);

	g_assert_no_error(error);
	return host;
}

static void test_returned(void)
{
	g_autoptr(HostlerHost) host = open_host();

	settle_beside(host, TRUE);
	g_assert_null(hostler_record_load(host, HOSTLER_RECORD_CLAIM, BDF));
}

static void test_goes_on(void)
{
	g_autoptr(HostlerHost) host = open_host();
	g_autoptr(HostlerRecord) claim = NULL;

	settle_beside(host, FALSE);
	claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, BDF);
	g_assert_nonnull(claim);
	g_assert_cmpint(claim->phase, ==, HOSTLER_PHASE_HELD);
}

/* That nobody else is there hides nothing. */
static void test_alone(void)
{
	g_autoptr(HostlerHost) host = open_host();
	g_autoptr(HostlerRecord) claim = NULL;

	store_claim(host, HOSTLER_PHASE_PENDING, TRUE);
	hostler_plugin_reset.settle(host, HOSTLER_SETTLE_IN_FULL);
	claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, BDF);
	g_assert_nonnull(claim);
	g_assert_false(g_key_file_has_key(claim->body, HOSTLER_CLAIM_RESET, HOSTLER_CLAIM_RESCAN, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* A record that is none is said loudly. */
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	g_test_add_func("/reset-settle/returned", test_returned);
	g_test_add_func("/reset-settle/goes-on", test_goes_on);
	g_test_add_func("/reset-settle/alone", test_alone);
	return g_test_run();
}
