/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's disks, NICs and passthrough devices as groups of its stay. libvirt's XML
 * at `stopped` lacks what is learnt here: bridge, target, id. */
#include "inventory.h"

#include <string.h>

#include "hostler/text.h"

#define LOG_NAME_BYTES 180
/* A path may have 4 KiB, and a VM hundreds of disks; a stay has 1 MiB for all plugins. */
#define TEXT_BYTES 1024

typedef struct {
	const char *key;
	const char *value;
} Pair;

/* Whole characters. */
static char *cut(const char *text)
{
	const char *end = text;

	g_utf8_validate(text, (gssize)MIN(strlen(text), TEXT_BYTES), &end);
	return g_strndup(text, (gsize)(end - text));
}

static void set_pairs(GKeyFile *stay, const char *prefix, guint index, const Pair *pairs, gsize n_pairs)
{
	g_autofree char *group = g_strdup_printf("%s%u", prefix, index);

	for (gsize i = 0; i < n_pairs; i++) {
		g_autofree char *value = pairs[i].value != NULL ? cut(pairs[i].value) : NULL;

		if (value != NULL)
			g_key_file_set_string(stay, group, pairs[i].key, value);
	}
}

static const char *why_nic_is_unmeasured(const HostlerInterface *nic)
{
	switch (nic->type) {
	case HOSTLER_NIC_HOSTDEV:
	case HOSTLER_NIC_VDPA:
		return "passed through: its traffic never meets the host's kernel; measure it inside the guest";
	case HOSTLER_NIC_USER:
		return "user-mode network: libvirt keeps no counters for it; a NIC on a network or a bridge has them";
	case HOSTLER_NIC_VHOSTUSER:
		return "served by another process (vhost-user): its traffic never meets the host's kernel; "
		       "measure it inside the guest";
	case HOSTLER_NIC_UDP:
	case HOSTLER_NIC_CLIENT:
	case HOSTLER_NIC_SERVER:
	case HOSTLER_NIC_MCAST:
	case HOSTLER_NIC_VDS:
	case HOSTLER_NIC_NULL:
		return "libvirt keeps no counters for a NIC of this type";
	case HOSTLER_NIC_UNKNOWN:
	case HOSTLER_NIC_NETWORK:
	case HOSTLER_NIC_BRIDGE:
	case HOSTLER_NIC_DIRECT:
	case HOSTLER_NIC_ETHERNET:
	case HOSTLER_NIC_INTERNAL:
		return NULL;
	}
	return NULL;
}

static void set_nic(GKeyFile *stay, guint index, const HostlerInterface *nic)
{
	const Pair pairs[] = {
		{ "mac", nic->mac },	   { "target", nic->target }, { "type", nic->type_name },
		{ "network", nic->network }, { "bridge", nic->bridge }, { "source", nic->source },
		{ "mode", nic->mode },	   { "model", nic->model },
		{ METRICS_UNMEASURED, why_nic_is_unmeasured(nic) },
	};

	set_pairs(stay, METRICS_NICS, index, pairs, G_N_ELEMENTS(pairs));
}

static void set_disk(GKeyFile *stay, guint index, const HostlerDisk *disk)
{
	gboolean outside = g_strcmp0(disk->type, "vhostuser") == 0 || g_strcmp0(disk->type, "vhostvdpa") == 0;
	const Pair pairs[] = {
		{ "target", disk->target }, { "type", disk->type },	{ "source", disk->source },
		{ "device", disk->device }, { "bus", disk->bus },	{ "format", disk->format },
		{ "cache", disk->cache },   { "io", disk->io },
		{ METRICS_UNMEASURED, outside ? "served by another process: QEMU does not see its requests" : NULL },
	};

	set_pairs(stay, METRICS_DISKS, index, pairs, G_N_ELEMENTS(pairs));
}

/* An NVMe disk that QEMU drives itself is counted as a disk, and a passed through
 * NIC is told of as a NIC. */
static void set_device(GKeyFile *stay, guint index, const HostlerPciDevice *device)
{
	const Pair pairs[] = {
		{ "bdf", device->bdf },
		{ METRICS_UNMEASURED, "passed through: the guest drives it without the host" },
	};

	if (device->origin == HOSTLER_PCI_HOSTDEV)
		set_pairs(stay, METRICS_DEVICES, index, pairs, G_N_ELEMENTS(pairs));
}

void metrics_inventory_forget(GKeyFile *stay)
{
	g_auto(GStrv) groups = g_key_file_get_groups(stay, NULL);

	for (gsize i = 0; groups[i] != NULL; i++) {
		if (g_str_has_prefix(groups[i], METRICS_GROUP))
			g_key_file_remove_group(stay, groups[i], NULL);
	}
}

void metrics_inventory_fill(GKeyFile *stay, const HostlerDomain *domain, guint interval)
{
	metrics_inventory_forget(stay);
	g_key_file_set_uint64(stay, METRICS_GROUP, "interval", interval);
	for (guint i = 0; i < domain->disks->len; i++)
		set_disk(stay, i, g_ptr_array_index(domain->disks, i));
	for (guint i = 0; i < domain->interfaces->len; i++)
		set_nic(stay, i, g_ptr_array_index(domain->interfaces, i));
	for (guint i = 0; i < domain->devices->len; i++)
		set_device(stay, i, g_ptr_array_index(domain->devices, i));
}

guint metrics_inventory_interval(GKeyFile *stay)
{
	guint64 interval = g_key_file_get_uint64(stay, METRICS_GROUP, "interval", NULL);

	return (guint)MIN(interval, 3600);
}

gboolean metrics_inventory_says(GKeyFile *stay, const char *what)
{
	return g_key_file_get_boolean(stay, METRICS_GROUP, what, NULL);
}

char *metrics_log_name(const char *name, const char *uuid)
{
	g_autofree char *safe = hostler_text_file_name(name, LOG_NAME_BYTES);

	return g_strdup_printf("%s-%s.jsonl", safe, uuid);
}
