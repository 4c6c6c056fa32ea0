/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a hook does when it does not get the lock that it needs. */
#include "core/lifecycle.h"

#include <string.h>

#include "fakehost.h"
#include "hostler/lock.h"

#define BDF "0000:01:00.0"
#define UUID "11111111-2222-3333-4444-555555555555"

static const char xml[] = "<domain><name>web</name><uuid>" UUID "</uuid></domain>";

const HostlerPlugin *const *hostler_plugins(void)
{
	static const HostlerPlugin *const plugins[] = { NULL };

	return plugins;
}

static HostlerHost *open_host(void)
{
	g_autoptr(GError) error = NULL;
	HostlerHost *host = fakehost_new("[device " BDF "]\n", &error);

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

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	g_test_add_func("/lifecycle/release-without-lock", test_release_without_lock);
	return g_test_run();
}
