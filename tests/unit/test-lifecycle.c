/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a hook does without a lock that somebody else has, with the shortest
 * deadline, and of a device that is not stuck any more. */
#include "core/lifecycle.h"

#include <string.h>

#include "fakehost.h"
#include "hostler/lock.h"

#define BDF "0000:01:00.0"
#define UUID "11111111-2222-3333-4444-555555555555"

static const char xml[] = "<domain><name>web</name><uuid>" UUID "</uuid><devices>"
			  "<hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x01' "
			  "slot='0x00' function='0x0'/></source></hostdev></devices></domain>";

const HostlerPlugin *const *hostler_plugins(void)
{
	static const HostlerPlugin *const plugins[] = { &hostler_plugin_vfio, NULL };

	return plugins;
}

static HostlerHost *open_host(void)
{
	g_autoptr(GError) error = NULL;
	HostlerHost *host = fakehost_new("[device " BDF "]\ndriver=e1000e\niommu_group=14\n", &error);

	g_assert_no_error(error);
	return host;
}

static void call(HostlerHost *host, HostlerOperation operation)
{
	HostlerEvent event = { .object = "web", .operation = operation, .reason = "shutdown" };

	g_assert_true(hostler_lifecycle_run(host, &event, xml, strlen(xml), NULL));
}

/* libvirt does not come a second time. */
static void test_release_without_lock(void)
{
	g_autoptr(HostlerHost) host = open_host();
	HostlerLock *lock;

	call(host, HOSTLER_OP_RELEASE);
	g_assert_false(fakehost_settle_asked(host));
	lock = hostler_lock_try(host, UUID, NULL);
	g_assert_nonnull(lock);
	host->deadline = host->ops->monotonic(host);
	call(host, HOSTLER_OP_RELEASE);
	g_assert_true(fakehost_settle_asked(host));
	hostler_lock_release(lock);
}

static gboolean is_claimed(HostlerHost *host)
{
	g_autoptr(HostlerRecord) claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, BDF);

	return claim != NULL;
}

/* A device that the VM got while it ran is noted, but over nobody else's decision. */
static void test_reconnect_under_anothers_lock(void)
{
	g_autoptr(HostlerHost) host = open_host();
	HostlerLock *lock = hostler_lock_try(host, BDF, NULL);

	call(host, HOSTLER_OP_RECONNECT);
	g_assert_false(is_claimed(host));
	hostler_lock_release(lock);
	call(host, HOSTLER_OP_RECONNECT);
	g_assert_true(is_claimed(host));
}

static void test_shortest_deadline(void)
{
	g_autoptr(HostlerHost) host = open_host();

	host->config.hook_deadline = 5;
	host->deadline = host->ops->monotonic(host) + 5 * G_USEC_PER_SEC;
	call(host, HOSTLER_OP_PREPARE);
	g_assert_cmpstr(fakehost_get(host, BDF, "driver"), ==, "vfio-pci");
}

/* The child that came back could not settle, or was one that had only read. */
static void test_stuck_no_more(void)
{
	g_autoptr(HostlerHost) host = open_host();
	g_autoptr(HostlerRecord) claim = hostler_record_new(host, HOSTLER_RECORD_CLAIM, BDF, UUID, "web");

	g_key_file_set_string(claim->body, "trouble", "code", "device-stuck");
	g_key_file_set_int64(claim->body, "trouble", "at", host->ops->boottime(host));
	hostler_record_enter(host, claim, HOSTLER_PHASE_STUCK);
	g_assert_true(hostler_record_store(host, claim, NULL));
	hostler_lifecycle_settle(host, HOSTLER_SETTLE_IN_PASSING);
	g_assert_true(fakehost_settle_asked(host));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	g_test_add_func("/lifecycle/release-without-lock", test_release_without_lock);
	g_test_add_func("/lifecycle/reconnect-under-anothers-lock", test_reconnect_under_anothers_lock);
	g_test_add_func("/lifecycle/shortest-deadline", test_shortest_deadline);
	g_test_add_func("/lifecycle/stuck-no-more", test_stuck_no_more);
	return g_test_run();
}
