/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VFIO's reset of a slot where it cannot be had: said, by which file, and every
 * file is closed again. That it resets is the lab's to show. */
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "hostler/error.h"
#include "host/file.h"
#include "host/machine.h"

#define BDF "0000:01:00.0"

typedef struct {
	char *root;
	HostlerHost *host;
} Tree;

static void set_up(Tree *tree, gconstpointer data)
{
	g_autofree char *device = NULL;
	g_autofree char *link = NULL;

	tree->root = g_dir_make_tmp("hostler-hot-reset-XXXXXX", NULL);
	device = g_build_filename(tree->root, "sys/bus/pci/devices", BDF, NULL);
	link = g_build_filename(device, "iommu_group", NULL);
	g_assert_cmpint(g_mkdir_with_parents(device, 0755), ==, 0);
	g_assert_cmpint(symlink("../../../../kernel/iommu_groups/14", link), ==, 0);
	tree->host = machine_open(tree->root, tree->root);
}

static void tear_down(Tree *tree, gconstpointer data)
{
	static const char *const parts[] = { "dev/vfio/vfio", "dev/vfio/14", "dev/vfio", "dev",
					     "sys/bus/pci/devices/0000:01:00.0/iommu_group",
					     "sys/bus/pci/devices/0000:01:00.0", "sys/bus/pci/devices", "sys/bus/pci",
					     "sys/bus", "sys", "" };

	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *path = g_build_filename(tree->root, parts[i], NULL);

		g_remove(path);
	}
	hostler_host_free(tree->host);
	g_free(tree->root);
}

/* A file that is no device: whatever is asked of it is ENOTTY, as of an old kernel. */
static void add_file(const Tree *tree, const char *name)
{
	g_autofree char *path = g_build_filename(tree->root, "dev/vfio", name, NULL);
	g_autofree char *folder = g_path_get_dirname(path);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
	g_assert_true(g_file_set_contents(path, "", 0, NULL));
}

static guint count_open(void)
{
	g_autoptr(GPtrArray) names = folder_names("/proc/self/fd");

	return names != NULL ? names->len : 0;
}

static void assert_denied(const Tree *tree, const char *bdf, const char *message)
{
	const char *const bdfs[] = { bdf, NULL };
	g_autoptr(GError) error = NULL;
	guint n_open = count_open();

	g_assert_false(tree->host->ops->pci_hot_reset(tree->host, bdfs, &error));
	g_assert_error(error, HOSTLER_ERROR, (int)HOSTLER_ERROR_ABSENT);
	g_assert_cmpstr(error->message, ==, message);
	g_assert_cmpuint(count_open(), ==, n_open);
}

static void test_no_vfio(Tree *tree, gconstpointer data)
{
	assert_denied(tree, BDF, "cannot open /dev/vfio/vfio: No such file or directory");
}

static void test_no_group_file(Tree *tree, gconstpointer data)
{
	add_file(tree, "vfio");
	assert_denied(tree, BDF, "cannot open /dev/vfio/14: No such file or directory");
}

static void test_old_kernel(Tree *tree, gconstpointer data)
{
	add_file(tree, "vfio");
	add_file(tree, "14");
	assert_denied(tree, BDF, "VFIO does not take IOMMU group 14: Inappropriate ioctl for device");
}

static void test_no_group(Tree *tree, gconstpointer data)
{
	add_file(tree, "vfio");
	assert_denied(tree, "0000:01:00.1", "no IOMMU group has 0000:01:00.1: No such device");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/hot-reset/no-vfio", Tree, NULL, set_up, test_no_vfio, tear_down);
	g_test_add("/hot-reset/no-group-file", Tree, NULL, set_up, test_no_group_file, tear_down);
	g_test_add("/hot-reset/old-kernel", Tree, NULL, set_up, test_old_kernel, tear_down);
	g_test_add("/hot-reset/no-group", Tree, NULL, set_up, test_no_group, tear_down);
	return g_test_run();
}
