/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settling in full moves the devices of several VMs at once: what is done with is done with, whoever else hangs. */
#include "fakehost.h"
#include "hostler/error.h"
#include "hostler/lock.h"
#include "hostler/plugin.h"

#define FIRST "0000:01:00.0"
#define HANGS "0000:02:00.0"
#define LAST "0000:03:00.0"

const HostlerPlugin *const *hostler_plugins(void)
{
	static const HostlerPlugin *const plugins[] = { &hostler_plugin_vfio, NULL };

	return plugins;
}

/* What is seen when the kernel is asked to let go of the device that hangs. */
static struct {
	const HostlerHostOps *ops;
	guint n_looks;
	gboolean first_is_free, own_is_free, last_is_free;
} look;

static gboolean is_free(HostlerHost *host, const char *bdf)
{
	g_autoptr(HostlerRecord) claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, bdf);
	g_autoptr(HostlerLock) lock = hostler_lock_try(host, bdf, NULL);

	return claim == NULL && lock != NULL;
}

static gboolean look_and_write(HostlerHost *host, const char *bdf, const char *attribute, const char *value,
			       GError **error)
{
	if (g_str_equal(bdf, HANGS) && g_str_equal(attribute, "driver/unbind")) {
		look.n_looks++;
		look.first_is_free = is_free(host, FIRST);
		look.own_is_free = is_free(host, HANGS);
		look.last_is_free = is_free(host, LAST);
	}
	return look.ops->pci_write(host, bdf, attribute, value, error);
}

static void store_claim(HostlerHost *host, const char *bdf, const char *uuid)
{
	g_autoptr(HostlerRecord) claim = hostler_record_new(host, HOSTLER_RECORD_CLAIM, bdf, uuid, "vm");

	g_key_file_set_string(claim->body, "found", "driver", "e1000e");
	hostler_record_enter(host, claim, HOSTLER_PHASE_ENDED);
	g_assert_true(hostler_record_store(host, claim, NULL));
}

static HostlerHost *open_host(void)
{
	g_autoptr(GError) error = NULL;
	HostlerHost *host = fakehost_new("[device " FIRST "]\ndriver=vfio-pci\nnative=e1000e\niommu_group=1\n"
					 "[device " HANGS "]\ndriver=vfio-pci\nnative=e1000e\niommu_group=2\n"
					 "[device " LAST "]\ndriver=vfio-pci\nnative=e1000e\niommu_group=3\n", &error);

	g_assert_no_error(error);
	store_claim(host, FIRST, "11111111-2222-3333-4444-555555555555");
	store_claim(host, HANGS, "22222222-2222-3333-4444-555555555555");
	store_claim(host, LAST, "33333333-2222-3333-4444-555555555555");
	fakehost_clock(host, 31);
	fakehost_begin(host);
	return host;
}

/* The fake host's jobs come one after the other: what is before the one that hangs is
 * free by then, what comes behind it is not yet, and both are in the end. */
static void test_one_hangs(void)
{
	g_autoptr(HostlerHost) host = open_host();
	HostlerHostOps ops = *host->ops;

	look.ops = host->ops;
	ops.pci_write = look_and_write;
	host->ops = &ops;
	g_assert_true(fakehost_fault(host, "write " HANGS " driver/unbind hang", NULL));
	hostler_plugin_vfio.settle(host, HOSTLER_SETTLE_IN_FULL);
	host->ops = look.ops;
	g_assert_cmpuint(look.n_looks, ==, 1);
	g_assert_true(look.first_is_free);
	g_assert_false(look.own_is_free);
	g_assert_false(look.last_is_free);
	g_assert_true(is_free(host, FIRST));
	g_assert_false(is_free(host, HANGS));
	g_assert_true(is_free(host, LAST));
	g_assert_cmpstr(fakehost_get(host, FIRST, "driver"), ==, "e1000e");
	g_assert_cmpstr(fakehost_get(host, LAST, "driver"), ==, "e1000e");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* That a device is stuck is said loudly. */
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	g_test_add_func("/vfio-settle/one-hangs", test_one_hangs);
	return g_test_run();
}
