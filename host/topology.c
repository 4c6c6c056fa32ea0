/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which PCI devices there are, below which port and in which IOMMU group: from
 * the kernel's own memory, so nothing here sleeps on a device. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "hostler/text.h"
#include "host/file.h"
#include "host/machine.h"
#include "host/pci.h"

#define DEVICES "/sys/bus/pci/devices"
#define GROUPS "/sys/kernel/iommu_groups"

gboolean host_pci_exists(HostlerHost *host, const char *bdf)
{
	g_autofree char *path = machine_path(host, DEVICES, bdf, NULL);
	struct stat stat;

	return hostler_text_is_bdf(bdf) && lstat(path, &stat) == 0;
}

static GStrv only_bdfs(const GPtrArray *names)
{
	g_autoptr(GStrvBuilder) bdfs = g_strv_builder_new();

	for (guint i = 0; i < names->len; i++) {
		if (hostler_text_is_bdf(g_ptr_array_index(names, i)))
			g_strv_builder_add(bdfs, g_ptr_array_index(names, i));
	}
	return g_strv_builder_end(bdfs);
}

GStrv host_pci_devices(HostlerHost *host)
{
	g_autofree char *path = machine_path(host, DEVICES, NULL);
	g_autoptr(GPtrArray) names = folder_names(path);

	return names != NULL ? only_bdfs(names) : g_new0(char *, 1);
}

static gboolean is_number(const char *text)
{
	return *text != '\0' && text[strspn(text, G_CSET_DIGITS)] == '\0';
}

static int compare_numbers(gconstpointer a, gconstpointer b)
{
	guint64 x = g_ascii_strtoull(*(const char *const *)a, NULL, 10);
	guint64 y = g_ascii_strtoull(*(const char *const *)b, NULL, 10);

	return x < y ? -1 : x > y;
}

GStrv host_groups(HostlerHost *host)
{
	g_autofree char *path = machine_path(host, GROUPS, NULL);
	g_autoptr(GPtrArray) names = folder_names(path);
	g_autoptr(GStrvBuilder) numbers = g_strv_builder_new();

	if (names != NULL)
		g_ptr_array_sort(names, compare_numbers);
	for (guint i = 0; names != NULL && i < names->len; i++) {
		if (is_number(g_ptr_array_index(names, i)))
			g_strv_builder_add(numbers, g_ptr_array_index(names, i));
	}
	return g_strv_builder_end(numbers);
}

/* A link of kernfs: reading it takes no lock of the device's. */
char *host_pci_group(HostlerHost *host, const char *bdf)
{
	g_autofree char *path = machine_path(host, DEVICES, bdf, "iommu_group", NULL);
	g_autofree char *target = hostler_text_is_bdf(bdf) ? link_read(path) : NULL;
	g_autofree char *group = target != NULL ? g_path_get_basename(target) : NULL;

	return group != NULL && is_number(group) ? g_steal_pointer(&group) : NULL;
}

GStrv host_group_members(HostlerHost *host, const char *group, GError **error)
{
	g_autofree char *path = machine_path(host, GROUPS, group, "devices", NULL);
	g_autoptr(GPtrArray) names = NULL;

	if (!is_number(group))
		errno = EINVAL;
	else
		names = folder_names(path);
	if (names == NULL) {
		machine_error(error, errno, "cannot list IOMMU group %s", group);
		return NULL;
	}
	return only_bdfs(names);
}

/* A device's folder lies in that of the port above it. */
char *host_pci_port(HostlerHost *host, const char *bdf)
{
	g_autofree char *path = machine_path(host, DEVICES, bdf, NULL);
	g_autofree char *target = hostler_text_is_bdf(bdf) ? link_read(path) : NULL;
	g_autofree char *folder = target != NULL ? g_path_get_dirname(target) : NULL;
	g_autofree char *port = folder != NULL ? g_path_get_basename(folder) : NULL;

	return port != NULL && hostler_text_is_bdf(port) ? g_steal_pointer(&port) : NULL;
}

GStrv host_pci_below(HostlerHost *host, const char *port)
{
	g_autofree char *path = machine_path(host, DEVICES, port, NULL);
	g_autoptr(GPtrArray) names = hostler_text_is_bdf(port) ? folder_names(path) : NULL;

	return names != NULL ? only_bdfs(names) : NULL;
}
