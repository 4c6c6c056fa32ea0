/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The framebuffer that the firmware set up and a platform driver still shows
 * things on. It owns memory of a graphics card, which then cannot be given away. */
#include "host/display.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "hostler/error.h"
#include "host/file.h"
#include "host/iomem.h"
#include "host/job-child.h"
#include "host/machine.h"
#include "host/pci.h"

#define DRIVERS "/sys/bus/platform/drivers"
#define DEVICES "/sys/bus/platform/devices"
#define IOMEM_MAX_BYTES (1024 * 1024)

/* simplefb and simpledrm both call themselves simple-framebuffer. */
static const char *const drivers[] = { "efi-framebuffer", "simple-framebuffer", "vesa-framebuffer", NULL };

/* The driver's folder links each device that it has. */
static void add_bound(HostlerHost *host, const char *driver, GStrvBuilder *framebuffers)
{
	g_autofree char *path = machine_path(host, DRIVERS, driver, NULL);
	g_autoptr(GPtrArray) names = folder_names(path);

	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *framebuffer = g_strconcat(driver, "/", name, NULL);

		if (g_str_has_prefix(name, driver) && name[strlen(driver)] == '.')
			g_strv_builder_add(framebuffers, framebuffer);
	}
}

/* Which of the regions in /proc/iomem is which device's sysfs does not say; a
 * machine boots with one. */
GStrv host_framebuffers(HostlerHost *host, const char *bdf, GError **error)
{
	g_autoptr(GStrvBuilder) framebuffers = g_strv_builder_new();
	g_autofree char *path = machine_path(host, "/proc/iomem", NULL);
	g_autofree char *resource = host_pci_read(host, bdf, "resource", error);
	g_autofree char *iomem = resource != NULL ? file_read(AT_FDCWD, path, IOMEM_MAX_BYTES, NULL) : NULL;
	g_autoptr(GArray) ranges = NULL;
	g_autofree char *region = NULL;

	if (resource == NULL)
		return NULL;
	if (iomem == NULL) {
		machine_error(error, errno, "cannot read %s", path);
		return NULL;
	}
	ranges = iomem_parse_resource(resource);
	region = iomem_find_framebuffer(iomem, ranges);
	for (gsize i = 0; region != NULL && drivers[i] != NULL; i++)
		add_bound(host, drivers[i], framebuffers);
	return g_strv_builder_end(framebuffers);
}

static gboolean is_bound(HostlerHost *host, char **parts)
{
	g_autofree char *path = machine_path(host, DRIVERS, parts[0], parts[1], NULL);
	struct stat stat;

	return lstat(path, &stat) == 0;
}

static gboolean is_there(HostlerHost *host, char **parts)
{
	g_autofree char *path = machine_path(host, DEVICES, parts[1], NULL);
	struct stat stat;

	return lstat(path, &stat) == 0;
}

/* "DRIVER/DEVICE" of our own list: it comes from a record, and becomes a path. */
static gboolean is_framebuffer(char **parts)
{
	return g_strv_length(parts) == 2 && g_strv_contains(drivers, parts[0]) &&
	       g_str_has_prefix(parts[1], parts[0]) && strlen(parts[1]) < NAME_MAX;
}

gboolean host_framebuffer_switch(HostlerHost *host, const char *framebuffer, gboolean on, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(framebuffer, "/", -1);
	g_autofree char *path = NULL;
	int errnum;

	if (!is_framebuffer(parts)) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS, "no boot framebuffer: %s", framebuffer);
		return FALSE;
	}
	/* Since Linux 6.0 vfio-pci itself removes the device for good: nothing to bind. */
	if (is_bound(host, parts) == on || !is_there(host, parts))
		return TRUE;
	if (!job_child_may_act(host, error))
		return FALSE;
	path = machine_path(host, DRIVERS, parts[0], on ? "bind" : "unbind", NULL);
	errnum = file_order(path, parts[1], strlen(parts[1]));
	if (is_bound(host, parts) == on)
		return TRUE;
	machine_error(error, errnum != 0 ? errnum : EIO, "cannot %s the boot framebuffer %s", on ? "bind" : "unbind",
		      parts[1]);
	return FALSE;
}
