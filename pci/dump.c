/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `lspci -xxxx` wrote, as anybody attaches it to a bug report. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler/capabilities.h"
#include "hostler/error.h"
#include "hostler/libpci.h"
#include "hostler/text.h"

#define ROW_BYTES 16

typedef struct {
	struct pci_access *access;
	const char *file;
} Dump;

static void dumped_free(gpointer data)
{
	HostlerDumped *dumped = data;

	g_free(dumped->bdf);
	g_free(dumped);
}

static int compare_bdfs(gconstpointer a, gconstpointer b)
{
	return strcmp((*(const HostlerDumped *const *)a)->bdf, (*(const HostlerDumped *const *)b)->bdf);
}

/* libpci reads to the end of whatever it is given. */
static gboolean is_bounded(const char *file)
{
	struct stat stat;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	gboolean bounded = fd >= 0 && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) &&
			   stat.st_size <= HOSTLER_DUMP_MAX_BYTES;

	if (fd >= 0)
		close(fd);
	return bounded;
}

static void load(gpointer data)
{
	static char name[] = "dump.name";
	Dump *dump = data;
	g_autofree char *file = NULL;

	dump->access->method = PCI_ACCESS_DUMP;
	file = g_strdup(dump->file);
	pci_set_param(dump->access, name, file); /* which copies it */
	g_clear_pointer(&file, g_free);          /* before libpci may jump */
	pci_init(dump->access);
}

/* libpci gives all of a range or nothing of it; a dump may end in any row. */
static void read_config(struct pci_dev *device, HostlerCapabilities *capabilities)
{
	g_autofree guint8 *bytes = g_malloc(HOSTLER_CONFIG_BYTES);

	for (int length = HOSTLER_CONFIG_BYTES; length > 0; length -= ROW_BYTES) {
		if (pci_read_block(device, 0, bytes, length)) {
			hostler_capabilities_read(bytes, (gsize)length, capabilities);
			return;
		}
	}
}

static gboolean is_there(const GPtrArray *devices, const char *bdf)
{
	for (guint i = 0; i < devices->len; i++) {
		const HostlerDumped *dumped = g_ptr_array_index(devices, i);

		if (g_str_equal(dumped->bdf, bdf))
			return TRUE;
	}
	return FALSE;
}

/* What sysfs would have no name for, or has had already, is left out. */
static void add(GPtrArray *devices, struct pci_dev *device)
{
	g_autofree char *bdf = g_strdup_printf("%04x:%02x:%02x.%u", (guint)device->domain & 0xffff, device->bus,
					       device->dev, device->func);
	HostlerDumped *dumped;

	if (!hostler_text_is_bdf(bdf) || is_there(devices, bdf))
		return;
	dumped = g_new0(HostlerDumped, 1);
	dumped->bdf = g_steal_pointer(&bdf);
	read_config(device, &dumped->capabilities);
	g_ptr_array_add(devices, dumped);
}

static GPtrArray *list(struct pci_access *access)
{
	GPtrArray *devices = g_ptr_array_new_with_free_func(dumped_free);
	guint n = 0;

	for (struct pci_dev *device = access->devices; device != NULL; device = device->next) {
		if (n++ < HOSTLER_DUMP_MAX_DEVICES)
			add(devices, device);
	}
	g_ptr_array_sort(devices, compare_bdfs);
	if (n > HOSTLER_DUMP_MAX_DEVICES)
		g_ptr_array_set_size(devices, 0);
	return devices;
}

static gboolean refuse(const char *file, const char *why, GError **error)
{
	g_autofree char *shown = hostler_text_shown(file);
	g_autofree char *reason = hostler_text_shown(why);

	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS,
		    "%s is no dump of PCI devices (%s); make one with: sudo lspci -xxxx > FILE", shown, reason);
	return FALSE;
}

GPtrArray *hostler_dump_read(const char *file, GError **error)
{
	Dump dump = { .file = file };
	g_autofree char *why = NULL;
	g_autoptr(GPtrArray) devices = NULL;

	if (!is_bounded(file)) {
		refuse(file, "no regular file of at most 16 MiB that can be read", error);
		return NULL;
	}
	dump.access = hostler_libpci_new();
	if (hostler_libpci_try(load, &dump, &why))
		devices = list(dump.access);
	pci_cleanup(dump.access);
	if (devices == NULL)
		refuse(file, why, error);
	else if (devices->len == 0)
		refuse(file, "there is no device in it, or too many", error);
	return devices != NULL && devices->len > 0 ? g_steal_pointer(&devices) : NULL;
}
