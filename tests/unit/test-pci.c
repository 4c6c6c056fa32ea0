/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI and module doors on a tree of files: paths, values and errors. What
 * the kernel makes of them is the lab's to show. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostler-build.h"
#include "hostler/error.h"
#include "tree.h"

#define BDF "0000:01:00.0"
#define DEVICE "sys/bus/pci/devices/" BDF

static void set_up(Tree *tree, gconstpointer data)
{
	tree_open(tree);
	tree_file(tree, DEVICE "/vendor", "0x8086\n");
	tree_file(tree, DEVICE "/driver_override", "(null)\n");
	tree_file(tree, DEVICE "/power/control", "auto\n");
	tree_file(tree, "sys/bus/pci/drivers_probe", "");
}

/* --- attributes --- */

static void test_read(Tree *tree, gconstpointer data)
{
	g_autofree char *vendor = tree->host->ops->pci_read(tree->host, BDF, "vendor", NULL);
	g_autofree char *control = tree->host->ops->pci_read(tree->host, BDF, "power/control", NULL);
	g_autofree char *override = tree->host->ops->pci_read(tree->host, BDF, "driver_override", NULL);

	g_assert_cmpstr(vendor, ==, "0x8086");
	g_assert_cmpstr(control, ==, "auto");
	g_assert_cmpstr(override, ==, "(null)");
}

static void test_absent(Tree *tree, gconstpointer data)
{
	g_autoptr(GError) no_attribute = NULL;
	g_autoptr(GError) no_device = NULL;
	g_autoptr(GError) no_link = NULL;

	g_assert_null(tree->host->ops->pci_read(tree->host, BDF, "reset_method", &no_attribute));
	g_assert_error(no_attribute, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT);
	g_assert_cmpstr(no_attribute->message, ==, "cannot read reset_method of " BDF ": No such file or directory");
	g_assert_false(tree->host->ops->pci_write(tree->host, "0000:02:00.0", "driver_override", "x", &no_device));
	g_assert_error(no_device, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT);
	g_assert_null(tree->host->ops->pci_link(tree->host, "0000:02:00.0", "driver", &no_link));
	g_assert_error(no_link, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT);
	g_assert_true(tree->host->ops->pci_exists(tree->host, BDF));
	g_assert_false(tree->host->ops->pci_exists(tree->host, "0000:02:00.0"));
}

static const struct {
	const char *bdf;
	const char *attribute;
} bad_names[] = {
	{ BDF, "../0000:01:00.0/vendor" },
	{ BDF, "power/../vendor" },
	{ BDF, "/vendor" },
	{ BDF, "vendor/" },
	{ BDF, "power//control" },
	{ BDF, "" },
	{ BDF, "." },
	{ BDF, "ven dor" },
	{ BDF, "vendor\n" },
	{ "0000:01:00.0/", "vendor" },
	{ "../devices/" BDF, "vendor" },
	{ "0000:1:00.0", "vendor" },
	{ "", "vendor" },
	{ "0000:01:00.8", "vendor" },
};

static void test_bad_names(Tree *tree, gconstpointer data)
{
	for (gsize i = 0; i < G_N_ELEMENTS(bad_names); i++) {
		g_autoptr(GError) reading = NULL;
		g_autoptr(GError) writing = NULL;

		g_assert_null(tree->host->ops->pci_read(tree->host, bad_names[i].bdf, bad_names[i].attribute,
							&reading));
		g_assert_error(reading, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS);
		g_assert_false(tree->host->ops->pci_write(tree->host, bad_names[i].bdf, bad_names[i].attribute, "1",
							  &writing));
		g_assert_error(writing, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS);
	}
	tree_assert_file(tree, DEVICE "/vendor", "0x8086\n");
}

static void write_value(const Tree *tree, const char *value, const char *expected)
{
	g_autoptr(GError) error = NULL;

	tree_file(tree, DEVICE "/driver_override", "");
	g_assert_true(tree->host->ops->pci_write(tree->host, BDF, "driver_override", value, &error));
	g_assert_no_error(error);
	tree_assert_file(tree, DEVICE "/driver_override", expected);
}

static void test_write(Tree *tree, gconstpointer data)
{
	g_autofree char *probed = tree_path(tree, "sys/bus/pci/drivers_probe");
	g_autoptr(GError) error = NULL;

	write_value(tree, "vfio-pci", "vfio-pci");
	write_value(tree, "\n", "\n");
	write_value(tree, "", "\n");
	g_assert_true(tree->host->ops->pci_probe(tree->host, BDF, &error));
	tree_assert_file(tree, "sys/bus/pci/drivers_probe", BDF);
	g_assert_cmpint(g_remove(probed), ==, 0);
	g_assert_false(tree->host->ops->pci_probe(tree->host, BDF, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT);
	g_assert_false(g_file_test(probed, G_FILE_TEST_EXISTS));
}

/* The kernel's refusal, in its own words, on the way back from a write. */
static void test_refused(Tree *tree, gconstpointer data)
{
	g_autofree char *reset = tree_path(tree, DEVICE "/reset");
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(g_mkdir(reset, 0755), ==, 0);
	g_assert_false(tree->host->ops->pci_write(tree->host, BDF, "reset", "1", &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST);
	g_assert_cmpstr(error->message, ==, "cannot write '1' to reset of " BDF ": Is a directory");
}

static void test_link(Tree *tree, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *driver = NULL;
	g_autofree char *group = NULL;

	g_assert_null(tree->host->ops->pci_link(tree->host, BDF, "driver", &error));
	g_assert_no_error(error);
	tree_link(tree, DEVICE "/driver", "../../../../bus/pci/drivers/vfio-pci");
	tree_link(tree, DEVICE "/iommu_group", "../../../../kernel/iommu_groups/14");
	driver = tree->host->ops->pci_link(tree->host, BDF, "driver", &error);
	group = tree->host->ops->pci_link(tree->host, BDF, "iommu_group", &error);
	g_assert_cmpstr(driver, ==, "vfio-pci");
	g_assert_cmpstr(group, ==, "14");
}

static void test_group(Tree *tree, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) bad = NULL;
	g_auto(GStrv) members = NULL;

	tree_folder(tree, "sys/kernel/iommu_groups/14/devices/0000:01:00.1");
	tree_folder(tree, "sys/kernel/iommu_groups/14/devices/" BDF);
	tree_folder(tree, "sys/kernel/iommu_groups/14/devices/platform.0");
	members = tree->host->ops->group_members(tree->host, "14", NULL);
	g_assert_cmpuint(g_strv_length(members), ==, 2);
	g_assert_cmpstr(members[0], ==, BDF);
	g_assert_cmpstr(members[1], ==, "0000:01:00.1");
	g_assert_null(tree->host->ops->group_members(tree->host, "15", &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT);
	g_assert_null(tree->host->ops->group_members(tree->host, "../iommu_groups/14", &bad));
	g_assert_error(bad, HOSTLER_ERROR, HOSTLER_ERROR_HOST);
}

/* In the order of numbers, not of text; and of a device, by its link alone. */
static void test_groups(Tree *tree, gconstpointer data)
{
	g_auto(GStrv) none = tree->host->ops->groups(tree->host);
	g_autofree char *in_none = tree->host->ops->pci_group(tree->host, BDF);
	g_auto(GStrv) groups = NULL;
	g_autofree char *shown = NULL;
	g_autofree char *group = NULL;

	g_assert_cmpuint(g_strv_length(none), ==, 0);
	g_assert_null(in_none);
	tree_folder(tree, "sys/kernel/iommu_groups/14");
	tree_folder(tree, "sys/kernel/iommu_groups/9");
	tree_folder(tree, "sys/kernel/iommu_groups/100");
	tree_folder(tree, "sys/kernel/iommu_groups/power");
	groups = tree->host->ops->groups(tree->host);
	shown = g_strjoinv(" ", groups);
	g_assert_cmpstr(shown, ==, "9 14 100");
	tree_link(tree, DEVICE "/iommu_group", "../../../kernel/iommu_groups/14");
	group = tree->host->ops->pci_group(tree->host, BDF);
	g_assert_cmpstr(group, ==, "14");
	g_assert_null(tree->host->ops->pci_group(tree->host, "../devices/" BDF));
}

static void test_devices(Tree *tree, gconstpointer data)
{
	g_autofree char *folder = tree_path(tree, "sys/bus/pci/devices");
	g_auto(GStrv) devices = NULL;
	g_auto(GStrv) none = NULL;
	g_autofree char *shown = NULL;

	tree_link(tree, "sys/bus/pci/devices/0001:00:00.0", "../../../devices/pci0001:00/0001:00:00.0");
	tree_link(tree, "sys/bus/pci/devices/0000:00:1f.7", "../../../devices/pci0000:00/0000:00:1f.7");
	tree_folder(tree, "sys/bus/pci/devices/10000:e0:00.0"); /* behind VMD: no name that we know */
	devices = tree->host->ops->pci_devices(tree->host);
	shown = g_strjoinv(" ", devices);
	g_assert_cmpstr(shown, ==, "0000:00:1f.7 " BDF " 0001:00:00.0");
	tree_remove(folder);
	none = tree->host->ops->pci_devices(tree->host);
	g_assert_cmpuint(g_strv_length(none), ==, 0);
}

/* --- configuration space --- */

static void test_config(Tree *tree, gconstpointer data)
{
	char config[256] = { (char)0x86, (char)0x80, [0x3c] = 11, [0xff] = 42 };
	g_autoptr(GError) beyond = NULL;
	g_autoptr(GError) outside = NULL;
	guint8 bytes[16] = { 0 };

	tree_bytes(tree, DEVICE "/config", config, sizeof(config));
	g_assert_true(tree->host->ops->pci_config(tree->host, BDF, 0, bytes, 2, NULL));
	g_assert_cmphex(bytes[0] | bytes[1] << 8, ==, 0x8086);
	g_assert_true(tree->host->ops->pci_config(tree->host, BDF, 0xff, bytes, 1, NULL));
	g_assert_cmpuint(bytes[0], ==, 42);
	g_assert_false(tree->host->ops->pci_config(tree->host, BDF, 0xf8, bytes, 16, &beyond));
	g_assert_error(beyond, HOSTLER_ERROR, HOSTLER_ERROR_HOST);
	g_assert_false(tree->host->ops->pci_config(tree->host, BDF, 4090, bytes, 16, &outside));
	g_assert_error(outside, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS);
	g_assert_true(tree->host->ops->pci_config_write(tree->host, BDF, 0x3c, (const guint8 *)"\7", 1, NULL));
	g_assert_true(tree->host->ops->pci_config(tree->host, BDF, 0x3c, bytes, 1, NULL));
	g_assert_cmpuint(bytes[0], ==, 7);
}

/* --- modules --- */

static void test_module(Tree *tree, gconstpointer data)
{
	g_autofree char *script = g_strdup_printf("#!/bin/sh\necho \"$@\" >%s/arguments\nmkdir -p "
						  "%s/sys/bus/pci/drivers/vfio-pci\n", tree->root, tree->root);
	g_autoptr(GError) error = NULL;

	g_assert_false(tree->host->ops->driver_present(tree->host, "vfio-pci"));
	tree_program(tree, "sbin/modprobe", script);
	g_assert_true(tree->host->ops->module_load(tree->host, "vfio-pci", &error));
	g_assert_no_error(error);
	tree_assert_file(tree, "arguments", "-- vfio-pci\n");
	g_assert_true(tree->host->ops->driver_present(tree->host, "vfio-pci"));
	g_assert_false(tree->host->ops->driver_present(tree->host, ".."));
	g_assert_false(tree->host->ops->driver_present(tree->host, "../drivers/vfio-pci"));
}

static const struct {
	const char *script; /* NULL: no modprobe at all */
	const char *module;
	int milliseconds;
	HostlerErrorCode code;
	const char *part;
} refusals[] = {
	{ "#!/bin/sh\nexit 1\n", "vfio-pci", 20000, HOSTLER_ERROR_HOST, "exited with status 1; see why with" },
	{ "#!/bin/sh\nexit 0\n", "vfio-pci", 20000, HOSTLER_ERROR_HOST, "the kernel does not have it" },
	{ "#!/bin/sh\nexec sleep 60\n", "vfio-pci", 200, HOSTLER_ERROR_DEADLINE, "did not end in time" },
	{ "#!/bin/sh\nkill -9 $$\n", "vfio-pci", 20000, HOSTLER_ERROR_HOST, "was killed by signal 9" },
	{ NULL, "vfio-pci", 20000, HOSTLER_ERROR_HOST, "could not be executed" },
	{ "#!/bin/sh\nexit 0\n", "-r", 20000, HOSTLER_ERROR_ARGUMENTS, "no name of a module: -r" },
	{ "#!/bin/sh\nexit 0\n", "a b", 20000, HOSTLER_ERROR_ARGUMENTS, "no name of a module" },
	{ "#!/bin/sh\nexit 0\n", "../x", 20000, HOSTLER_ERROR_ARGUMENTS, "no name of a module" },
	{ "#!/bin/sh\nexit 0\n", "", 20000, HOSTLER_ERROR_ARGUMENTS, "no name of a module" },
};

static void test_module_refused(Tree *tree, gconstpointer data)
{
	gsize i = GPOINTER_TO_SIZE(data);
	g_autoptr(GError) error = NULL;

	if (refusals[i].script != NULL)
		tree_program(tree, "sbin/modprobe", refusals[i].script);
	tree->host->deadline = g_get_monotonic_time() + refusals[i].milliseconds * 1000;
	g_assert_false(tree->host->ops->module_load(tree->host, refusals[i].module, &error));
	g_assert_error(error, HOSTLER_ERROR, (int)refusals[i].code);
	g_assert_nonnull(strstr(error->message, refusals[i].part));
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* --- helpers --- */

static char *wait_for_file(const Tree *tree, const char *path)
{
	g_autofree char *file = tree_path(tree, path);
	char *text = NULL;

	for (int i = 0; i < 10000 && !g_file_get_contents(file, &text, NULL, NULL); i++)
		g_usleep(10 * 1000);
	return text;
}

static void helper_tree(const Tree *tree)
{
	static const char *const names[] = { "watch", "metrics" };

	tree_file(tree, "etc/passwd", "root:x:0:0::/:/bin/sh\nhostler:x:7001:7009::/:/bin/false\n"
		  "hostler-metrics:x:7002:7009::/:/bin/false\n");
	tree_file(tree, "etc/group", "root:x:0:\nhostler:x:7003:hostler-metrics\n");
	tree_folder(tree, "out");
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *program = g_strdup_printf(HOSTLER_HELPER_DIR "/hostler-%s", names[i]);
		g_autofree char *out = g_strdup_printf("%s/out/%s", tree->root, names[i]);
		g_autofree char *script = g_strdup_printf(
			"#!/bin/sh\ngrep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs)' /proc/$$/status >%s.part\n"
			"mv %s.part %s\n", out, out, out);

		tree_program(tree, program, script);
	}
}

static void assert_line(const char *text, const char *line)
{
	g_autofree char *whole = g_strdup_printf("\n%s", text);
	g_autofree char *wanted = g_strdup_printf("\n%s\n", line);

	if (strstr(whole, wanted) == NULL)
		g_error("no line '%s' in:\n%s", line, text);
}

static void test_helpers(Tree *tree, gconstpointer data)
{
	g_autofree char *out = tree_path(tree, "out");
	g_autofree char *watch = NULL;
	g_autofree char *metrics = NULL;

	if (geteuid() != 0) {
		g_test_skip("only root can start the helpers as another user");
		return;
	}
	helper_tree(tree);
	g_assert_cmpint(g_chmod(out, 0777), ==, 0);
	tree->host->ops->helper_start(tree->host, HOSTLER_HELPER_WATCH);
	tree->host->ops->helper_start(tree->host, HOSTLER_HELPER_METRICS);
	watch = wait_for_file(tree, "out/watch");
	metrics = wait_for_file(tree, "out/metrics");
	g_assert_nonnull(watch);
	g_assert_nonnull(metrics);
	assert_line(watch, "Uid:\t7001\t7001\t7001\t7001");
	assert_line(watch, "Gid:\t7003\t7003\t7003\t7003");
	assert_line(watch, "Groups:\t ");
	assert_line(watch, "CapEff:\t0000000000001000"); /* CAP_NET_ADMIN */
	assert_line(watch, "CapBnd:\t0000000000001000");
	assert_line(watch, "CapAmb:\t0000000000001000");
	assert_line(watch, "NoNewPrivs:\t1");
	assert_line(metrics, "Uid:\t7002\t7002\t7002\t7002");
	assert_line(metrics, "CapPrm:\t0000000000002000"); /* CAP_NET_RAW, until it has its sockets */
	assert_line(metrics, "CapBnd:\t0000000000002000");
	g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
	g_assert_cmpint(errno, ==, ECHILD);
}

/* There its path units start them. What is started later, elsewhere, is there before it. */
static void test_helpers_systemd(Tree *tree, gconstpointer data)
{
	g_autofree char *started = tree_path(tree, "out/watch");
	g_autofree char *out = tree_path(tree, "out");
	g_autofree char *systemd = tree_path(tree, "run/systemd/system");
	g_autofree char *metrics = NULL;

	if (geteuid() != 0) {
		g_test_skip("only root can start the helpers as another user");
		return;
	}

	helper_tree(tree);
	g_assert_cmpint(g_chmod(out, 0777), ==, 0);
	tree_folder(tree, "run/systemd/system");
	tree->host->ops->helper_start(tree->host, HOSTLER_HELPER_WATCH);
	g_assert_cmpint(g_rmdir(systemd), ==, 0);
	tree->host->ops->helper_start(tree->host, HOSTLER_HELPER_METRICS);
	metrics = wait_for_file(tree, "out/metrics");
	g_assert_nonnull(metrics);
	g_assert_false(g_file_test(started, G_FILE_TEST_EXISTS));
	g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
}

/* The folder is the helpers' group's as well: whoever of them puts something else there, under the name that a
 * program which stays uses each time, must not keep it for ever. */
static void test_call_for_settle(Tree *tree, gconstpointer data)
{
	g_autofree char *folder = tree_path(tree, "run/hostler/attention");
	g_autofree char *call = g_build_filename(folder, tree->host->run, NULL);

	g_free(tree->host->run_dir);
	tree->host->run_dir = tree_path(tree, "run/hostler");
	tree_folder(tree, "run/systemd/system");
	tree_folder(tree, "run/hostler/attention");
	tree->host->ops->helper_start(tree->host, HOSTLER_HELPER_SETTLE);
	g_assert_true(g_file_test(call, G_FILE_TEST_IS_REGULAR));
	g_assert_cmpint(g_unlink(call), ==, 0);
	g_assert_cmpint(mkfifo(call, 0666), ==, 0);
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	alarm(60);
	tree->host->ops->helper_start(tree->host, HOSTLER_HELPER_SETTLE);
	alarm(0);
}

static void add(const char *path, void (*test)(Tree *, gconstpointer))
{
	g_test_add(path, Tree, NULL, set_up, test, tree_close);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("/pci/read", test_read);
	add("/pci/absent", test_absent);
	add("/pci/bad-names", test_bad_names);
	add("/pci/write", test_write);
	add("/pci/refused", test_refused);
	add("/pci/link", test_link);
	add("/pci/group", test_group);
	add("/pci/groups", test_groups);
	add("/pci/devices", test_devices);
	add("/pci/config", test_config);
	add("/pci/module", test_module);
	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autofree char *path = g_strdup_printf("/pci/module-refused/%zu", i);

		g_test_add(path, Tree, GSIZE_TO_POINTER(i), set_up, test_module_refused, tree_close);
	}
	add("/pci/helpers", test_helpers);
	add("/pci/helpers-systemd", test_helpers_systemd);
	add("/pci/call-for-settle", test_call_for_settle);
	return g_test_run();
}
