/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sparse images that promise the guest more than their file system has left. */
#include "hostler/storage.h"
#include "hostler/text.h"
#include "plugins/advice/advice.h"

static guint64 get(GKeyFile *facts, const char *key)
{
	return g_key_file_get_uint64(facts, HOSTLER_STORAGE, key, NULL);
}

/* A raw image that begins like a qcow2 is the guest's own doing. */
static guint64 find_growth(const HostlerDisk *disk, GKeyFile *facts)
{
	gboolean qcow2 = g_strcmp0(disk->format, "qcow2") == 0;
	guint64 full = get(facts, qcow2 ? HOSTLER_STORAGE_VIRTUAL : HOSTLER_STORAGE_SIZE);
	guint64 allocated = get(facts, HOSTLER_STORAGE_ALLOCATED);

	if (disk->read_only || g_strcmp0(disk->device, "disk") != 0)
		return 0;
	return full > allocated ? full - allocated : 0;
}

static gboolean is_on(GKeyFile *facts, const char *device)
{
	g_autofree char *own = hostler_storage_get(facts, HOSTLER_STORAGE_DEVICE);

	return g_strcmp0(own, device) == 0;
}

/* Of all images on that file system. */
static guint64 sum_growth(const HostlerDomain *domain, const GPtrArray *all, const char *device, GString *names)
{
	guint64 sum = 0;

	for (guint i = 0; i < all->len; i++) {
		const HostlerDisk *disk = g_ptr_array_index(domain->disks, i);
		GKeyFile *facts = g_ptr_array_index(all, i);
		guint64 growth = is_on(facts, device) ? find_growth(disk, facts) : 0;
		g_autofree char *name = advice_name_disk(disk);

		if (growth > 0)
			g_string_append_printf(names, "%s%s", names->len > 0 ? " and " : "", name);
		sum = sum > G_MAXUINT64 - growth ? G_MAXUINT64 : sum + growth;
	}
	return sum;
}

static void look_at(const HostlerDomain *domain, const GPtrArray *all, guint first, const char *device,
		    HostlerFindings *findings)
{
	GKeyFile *facts = g_ptr_array_index(all, first);
	g_autoptr(GString) names = g_string_new(NULL);
	guint64 left = get(facts, HOSTLER_STORAGE_FREE);
	guint64 growth = sum_growth(domain, all, device, names);
	g_autofree char *point = hostler_storage_get(facts, HOSTLER_STORAGE_MOUNT_POINT);
	g_autofree char *more = advice_show_bytes(growth);
	g_autofree char *rest = advice_show_bytes(left);
	g_autofree char *quoted = g_shell_quote(point);
	g_autofree char *mend = g_strdup_printf("make room there (df -h %s), or move the image", quoted);

	if (growth <= left)
		return;
	hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_ADVICE_STORAGE, NULL, mend,
			     "%s may still grow by %s, and %s has %s free: when it is full, QEMU pauses the VM or "
			     "the guest sees I/O errors", names->str, more, point, rest);
}

/* Whether an earlier disk lies there as well. */
static gboolean is_said(const GPtrArray *all, guint at, const char *device)
{
	for (guint i = 0; i < at; i++) {
		if (is_on(g_ptr_array_index(all, i), device))
			return TRUE;
	}
	return FALSE;
}

void advice_room(const HostlerDomain *domain, const GPtrArray *all, HostlerFindings *findings)
{
	for (guint i = 0; i < all->len; i++) {
		g_autofree char *device = hostler_storage_get(g_ptr_array_index(all, i), HOSTLER_STORAGE_DEVICE);

		if (device != NULL && !is_said(all, i, device))
			look_at(domain, all, i, device, findings);
	}
}
