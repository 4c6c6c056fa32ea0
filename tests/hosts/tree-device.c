/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device, as sysfs shows it. */
#include <string.h>

#include "tree-parts.h"

#define CONFIG_BYTES 4096

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
	g_autofree char *port = tree_get(tree, group, "port", "");
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

	tree_put_link(tree, device, device_target);
	if (*driver != '\0') {
		tree_put_folder(tree, driver_folder);
		tree_put_link(tree, driver_link, driver_target);
	}
	if (*number != '\0') {
		tree_put_link(tree, group_link, group_target);
		tree_put_link(tree, member, device_target);
	}
}

/* What the kernel remembers of a device is there even when it no longer answers. */
static void put_identity(const Tree *tree, const char *group, const char *folder)
{
	g_autofree char *id = tree_get(tree, group, "id", NULL);
	g_autofree char *class = tree_get(tree, group, "class", NULL);
	g_autofree char *interface = tree_get(tree, group, "interface", "00");
	g_autofree char *revision = tree_get(tree, group, "rev", "00");
	g_autofree char *vendor_line = g_strdup_printf("0x%.4s\n", id);
	g_autofree char *device_line = g_strdup_printf("0x%s\n", id + 5);
	g_autofree char *class_line = g_strdup_printf("0x%s%s\n", class, interface);
	g_autofree char *revision_line = g_strdup_printf("0x%s\n", revision);

	tree_put(tree, vendor_line, "sys/%s/vendor", folder);
	tree_put(tree, device_line, "sys/%s/device", folder);
	tree_put(tree, vendor_line, "sys/%s/subsystem_vendor", folder);
	tree_put(tree, device_line, "sys/%s/subsystem_device", folder);
	tree_put(tree, class_line, "sys/%s/class", folder);
	tree_put(tree, revision_line, "sys/%s/revision", folder);
}

static void put_attributes(const Tree *tree, const char *group, const char *folder, gboolean free)
{
	static const char *const optional[] = { "boot_vga", "resource", "power_state" };
	g_autofree char *methods = tree_get(tree, group, "reset", "");

	for (gsize i = 0; i < G_N_ELEMENTS(optional); i++) {
		g_autofree char *value = tree_get(tree, group, optional[i], i == 1 ? "" : i == 2 ? "D0" : NULL);

		if (value != NULL)
			tree_put(tree, value, "sys/%s/%s", folder, optional[i]);
	}
	/* Where there is none the kernel has no such file. */
	if (*methods != '\0')
		tree_put(tree, methods, "sys/%s/reset_method", folder);
	tree_put(tree, "(null)\n", "sys/%s/driver_override", folder);
	tree_put(tree, "auto\n", "sys/%s/power/control", folder);
	tree_put(tree, "1\n", "sys/%s/d3cold_allowed", folder);
	tree_put(tree, free ? "0\n" : "1\n", "sys/%s/enable", folder);
}

void tree_put_device(const Tree *tree, const char *group)
{
	const char *bdf = group + strlen("device ");
	g_autofree char *folder = folder_of(tree, bdf);
	g_autofree char *driver = tree_get(tree, group, "driver", "");
	g_autofree char *number = tree_get(tree, group, "group", "");
	g_autofree char *path = g_strdup_printf("sys/%s/config", folder);
	g_autofree char *file = tree_place(tree, path);
	g_autoptr(GByteArray) config = find_config(tree, bdf);

	g_assert_true(g_file_set_contents(file, (const char *)config->data, (gssize)config->len, NULL));
	put_identity(tree, group, folder);
	put_attributes(tree, group, folder, *driver == '\0' || g_str_equal(driver, "vfio-pci"));
	put_links(tree, bdf, folder, driver, number);
}
