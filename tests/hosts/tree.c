/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host's few lines -> /sys, /proc and /lib/modules as its kernel shows them. */
#include "tree.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_BYTES 4096
#define RELEASE "6.1.0-18-amd64"

typedef struct {
	const char *root;
	GKeyFile *host;
	char *dump;
} Tree;

/* --- files --- */

static char *place(const Tree *tree, const char *path)
{
	g_autofree char *file = g_build_filename(tree->root, path, NULL);
	g_autofree char *folder = g_path_get_dirname(file);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
	return g_steal_pointer(&file);
}

static void put(const Tree *tree, const char *text, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void put(const Tree *tree, const char *text, const char *format, ...)
{
	g_autofree char *path = NULL;
	g_autofree char *file = NULL;
	va_list args;

	va_start(args, format);
	path = g_strdup_vprintf(format, args);
	va_end(args);
	file = place(tree, path);
	g_assert_true(g_file_set_contents(file, text, -1, NULL));
}

static void put_link(const Tree *tree, const char *path, const char *target)
{
	g_autofree char *link = place(tree, path);

	g_assert_cmpint(symlink(target, link), ==, 0);
}

static void put_folder(const Tree *tree, const char *path)
{
	g_autofree char *folder = g_build_filename(tree->root, path, NULL);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
}

void tree_remove(const char *path)
{
	g_autoptr(GDir) folder = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		tree_remove(child);
	}
	g_remove(path);
}

/* --- keys --- */

/* Owned by the caller. */
static char *get(const Tree *tree, const char *group, const char *key, const char *otherwise)
{
	char *value = g_key_file_get_value(tree->host, group, key, NULL);

	return value != NULL ? value : g_strdup(otherwise);
}

/* --- the kernel --- */

static void put_memory(const Tree *tree)
{
	g_autofree char *available = get(tree, "kernel", "available", "1000000");
	g_autofree char *pages = get(tree, "kernel", "huge_pages", "0");
	g_autofree char *meminfo = g_strdup_printf("MemTotal:       999999999 kB\nMemAvailable:   %s kB\n"
						   "Hugepagesize:       2048 kB\n", available);
	const char *folder = "sys/kernel/mm/hugepages/hugepages-2048kB";

	put(tree, meminfo, "proc/meminfo");
	put(tree, pages, "%s/nr_hugepages", folder);
	put(tree, pages, "%s/free_hugepages", folder);
	put(tree, "0\n", "%s/resv_hugepages", folder);
}

static void put_modules(const Tree *tree)
{
	g_autofree char *release = get(tree, "kernel", "release", RELEASE);
	g_autofree char *line = g_strconcat(release, "\n", NULL);
	g_autofree char *vfio = get(tree, "kernel", "vfio", "there");

	put(tree, line, "proc/sys/kernel/osrelease");
	if (g_str_equal(vfio, "there"))
		put(tree, "kernel/drivers/vfio/pci/vfio-pci.ko: kernel/drivers/vfio/vfio.ko\n",
		    "lib/modules/%s/modules.dep", release);
}

static void put_framebuffer(const Tree *tree)
{
	g_autofree char *iomem = get(tree, "kernel", "iomem", "");
	g_autofree char *name = get(tree, "kernel", "framebuffer", "");
	g_autofree char *driver = g_strndup(name, strcspn(name, "."));
	g_auto(GStrv) words = g_strsplit(iomem, " ", 2);
	g_autofree char *line = words[0] != NULL ? g_strdup_printf("%s : %s\n", words[0], words[1]) : g_strdup("");
	g_autofree char *path = g_strdup_printf("sys/bus/platform/drivers/%s/%s", driver, name);

	put(tree, line, "proc/iomem");
	if (*name != '\0')
		put_link(tree, path, "/nowhere");
}

static void put_kernel(const Tree *tree)
{
	g_autofree char *cmdline = get(tree, "kernel", "cmdline", "");
	g_autofree char *cpu = get(tree, "kernel", "cpu", "");
	g_autofree char *line = g_strconcat(cmdline, "\n", NULL);
	g_autofree char *cpuinfo = g_strdup_printf("processor\t: 0\nvendor_id\t: %s\n", cpu);

	put(tree, line, "proc/cmdline");
	put(tree, cpuinfo, "proc/cpuinfo");
	put(tree, "", "proc/self/mountinfo");
	put_link(tree, "proc/self/ns/mnt", "mnt:[1]");
	put_folder(tree, "sys/kernel/iommu_groups");
	put_memory(tree);
	put_modules(tree);
	put_framebuffer(tree);
}

/* --- devices --- */

/* What the dump has of it; 256 bytes, or 4096 where it has more. */
static GByteArray *find_config(const Tree *tree, const char *bdf)
{
	g_autofree char *head = g_strdup_printf("\n%s ", bdf + strlen("0000:"));
	const char *at = strstr(tree->dump, head);
	g_auto(GStrv) lines = g_strsplit(at != NULL ? at + 1 : "", "\n", -1);
	GByteArray *bytes = g_byte_array_new();

	g_assert_nonnull(at);
	for (gsize i = 1; lines[i] != NULL && lines[i][0] != '\0'; i++) {
		g_auto(GStrv) words = g_strsplit(strchr(lines[i], ':') + 2, " ", -1);

		for (gsize j = 0; words[j] != NULL; j++) {
			guint8 byte = (guint8)g_ascii_strtoull(words[j], NULL, 16);

			g_byte_array_append(bytes, &byte, 1);
		}
	}
	while (bytes->len < 256 || (bytes->len > 256 && bytes->len < CONFIG_BYTES))
		g_byte_array_append(bytes, (const guint8 *)"", 1);
	return bytes;
}

static char *folder_of(const Tree *tree, const char *bdf)
{
	g_autofree char *group = g_strconcat("device ", bdf, NULL);
	g_autofree char *port = get(tree, group, "port", "");
	g_autofree char *above = *port != '\0' ? folder_of(tree, port) : g_strdup_printf("devices/pci%.7s", bdf);

	return g_build_filename(above, bdf, NULL);
}

static void put_links(const Tree *tree, const char *bdf, const char *folder, const char *driver, const char *number)
{
	g_autofree char *device = g_strconcat("sys/bus/pci/devices/", bdf, NULL);
	g_autofree char *device_target = g_strconcat("../../../", folder, NULL);
	g_autofree char *driver_folder = g_strconcat("sys/bus/pci/drivers/", driver, NULL);
	g_autofree char *driver_link = g_strdup_printf("sys/%s/driver", folder);
	g_autofree char *driver_target = g_strconcat("/bus/pci/drivers/", driver, NULL);
	g_autofree char *group_link = g_strdup_printf("sys/%s/iommu_group", folder);
	g_autofree char *group_target = g_strconcat("/kernel/iommu_groups/", number, NULL);
	g_autofree char *member = g_strdup_printf("sys/kernel/iommu_groups/%s/devices/%s", number, bdf);

	put_link(tree, device, device_target);
	if (*driver != '\0') {
		put_folder(tree, driver_folder);
		put_link(tree, driver_link, driver_target);
	}
	if (*number != '\0') {
		put_link(tree, group_link, group_target);
		put_link(tree, member, device_target);
	}
}

/* What the kernel remembers of a device is there even when it no longer answers. */
static void put_identity(const Tree *tree, const char *group, const char *folder)
{
	g_autofree char *id = get(tree, group, "id", NULL);
	g_autofree char *class = get(tree, group, "class", NULL);
	g_autofree char *interface = get(tree, group, "interface", "00");
	g_autofree char *revision = get(tree, group, "rev", "00");
	g_autofree char *vendor_line = g_strdup_printf("0x%.4s\n", id);
	g_autofree char *device_line = g_strdup_printf("0x%s\n", id + 5);
	g_autofree char *class_line = g_strdup_printf("0x%s%s\n", class, interface);
	g_autofree char *revision_line = g_strdup_printf("0x%s\n", revision);

	put(tree, vendor_line, "sys/%s/vendor", folder);
	put(tree, device_line, "sys/%s/device", folder);
	put(tree, vendor_line, "sys/%s/subsystem_vendor", folder);
	put(tree, device_line, "sys/%s/subsystem_device", folder);
	put(tree, class_line, "sys/%s/class", folder);
	put(tree, revision_line, "sys/%s/revision", folder);
}

static void put_attributes(const Tree *tree, const char *group, const char *folder, gboolean free)
{
	static const char *const optional[] = { "boot_vga", "resource", "power_state" };
	g_autofree char *methods = get(tree, group, "reset", NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(optional); i++) {
		g_autofree char *value = get(tree, group, optional[i], i == 1 ? "" : i == 2 ? "D0" : NULL);

		if (value != NULL)
			put(tree, value, "sys/%s/%s", folder, optional[i]);
	}
	if (methods != NULL)
		put(tree, methods, "sys/%s/reset_method", folder);
	put(tree, "(null)\n", "sys/%s/driver_override", folder);
	put(tree, "auto\n", "sys/%s/power/control", folder);
	put(tree, "1\n", "sys/%s/d3cold_allowed", folder);
	put(tree, free ? "0\n" : "1\n", "sys/%s/enable", folder);
}

static void put_device(const Tree *tree, const char *group)
{
	const char *bdf = group + strlen("device ");
	g_autofree char *folder = folder_of(tree, bdf);
	g_autofree char *driver = get(tree, group, "driver", "");
	g_autofree char *number = get(tree, group, "group", "");
	g_autofree char *path = g_strdup_printf("sys/%s/config", folder);
	g_autofree char *file = place(tree, path);
	g_autoptr(GByteArray) config = find_config(tree, bdf);

	g_assert_true(g_file_set_contents(file, (const char *)config->data, (gssize)config->len, NULL));
	put_identity(tree, group, folder);
	put_attributes(tree, group, folder, *driver == '\0' || g_str_equal(driver, "vfio-pci"));
	put_links(tree, bdf, folder, driver, number);
}

void tree_unfold(const char *folder, const char *root)
{
	Tree tree = { .root = root, .host = g_key_file_new() };
	g_autofree char *host = g_build_filename(folder, "host", NULL);
	g_autofree char *dump = g_build_filename(folder, "dump", NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) groups = NULL;
	g_autoptr(GError) error = NULL;

	g_key_file_load_from_file(tree.host, host, G_KEY_FILE_NONE, &error);
	g_assert_no_error(error);
	g_assert_true(g_file_get_contents(dump, &text, NULL, NULL));
	tree.dump = g_strconcat("\n", text, NULL);
	put_kernel(&tree);
	groups = g_key_file_get_groups(tree.host, NULL);
	for (gsize i = 0; groups[i] != NULL; i++) {
		if (g_str_has_prefix(groups[i], "device "))
			put_device(&tree, groups[i]);
	}
	g_free(tree.dump);
	g_key_file_unref(tree.host);
}
