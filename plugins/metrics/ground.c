/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the disks and NICs of a VM stand on, so that a report compares storage with
 * storage and network with network. */
#include "ground.h"

#include <string.h>

#include "hostler/network.h"
#include "hostler/storage.h"
#include "inventory.h"

/* --- disks --- */

static const char *const copied[] = {
	HOSTLER_STORAGE_STACK,	     HOSTLER_STORAGE_KIND,	    HOSTLER_STORAGE_DEGRADED,
	HOSTLER_STORAGE_FILE_SYSTEM, HOSTLER_STORAGE_MOUNT_POINT,   HOSTLER_STORAGE_SERVER,
	HOSTLER_STORAGE_EXPORT,	     HOSTLER_STORAGE_MOUNT_OPTIONS, HOSTLER_STORAGE_BLOCK_DEVICE,
};

static void fill_disk(GKeyFile *stay, guint index, GKeyFile *facts)
{
	g_autofree char *group = g_strdup_printf(METRICS_DISKS "%u", index);

	for (gsize i = 0; i < G_N_ELEMENTS(copied); i++) {
		g_autofree char *value = hostler_storage_get(facts, copied[i]);

		if (value != NULL)
			g_key_file_set_string(stay, group, copied[i], value);
	}
}

/* --- NICs --- */

static HostlerNetwork *find_network(const GPtrArray *xmls, const char *name)
{
	for (guint i = 0; i < xmls->len; i++) {
		const char *xml = g_ptr_array_index(xmls, i);
		g_autoptr(HostlerNetwork) network = hostler_network_from_xml(xml, strlen(xml), NULL);

		if (network != NULL && g_str_equal(network->name, name))
			return g_steal_pointer(&network);
	}
	return NULL;
}

static const char *find_forward(const GPtrArray *xmls, const HostlerInterface *nic, char **owned)
{
	g_autoptr(HostlerNetwork) network = nic->network != NULL ? find_network(xmls, nic->network) : NULL;

	if (network == NULL)
		return NULL;
	*owned = network->forward != NULL ? g_strdup(network->forward) : g_strdup("isolated");
	return *owned;
}

/* To compare by; `forward` is a network's, or NULL. */
static char *name_kind(const HostlerInterface *nic, const char *forward)
{
	switch (nic->type) {
	case HOSTLER_NIC_NETWORK:
		return g_strdup(forward != NULL ? forward : "network");
	case HOSTLER_NIC_DIRECT:
		return g_strdup_printf("macvtap %s", nic->mode != NULL ? nic->mode : "vepa"); /* libvirt's default */
	case HOSTLER_NIC_HOSTDEV:
	case HOSTLER_NIC_VDPA:
		return g_strdup("passed through");
	case HOSTLER_NIC_UNKNOWN:
	case HOSTLER_NIC_BRIDGE:
	case HOSTLER_NIC_USER:
	case HOSTLER_NIC_ETHERNET:
	case HOSTLER_NIC_INTERNAL:
	case HOSTLER_NIC_VHOSTUSER:
	case HOSTLER_NIC_VDS:
	case HOSTLER_NIC_UDP:
	case HOSTLER_NIC_CLIENT:
	case HOSTLER_NIC_SERVER:
	case HOSTLER_NIC_MCAST:
	case HOSTLER_NIC_NULL:
		break;
	}
	return g_strdup(nic->type_name);
}

static void set(GKeyFile *stay, const char *group, const char *key, const char *value)
{
	if (value != NULL)
		g_key_file_set_string(stay, group, key, value);
}

static void fill_nic(HostlerHost *host, GKeyFile *stay, guint index, const HostlerInterface *nic,
		     const GPtrArray *xmls)
{
	g_autofree char *group = g_strdup_printf(METRICS_NICS "%u", index);
	g_autofree char *mtu = nic->target != NULL ? host->ops->net_read(host, nic->target, "mtu") : NULL;
	g_autofree char *owned = NULL;
	const char *forward = find_forward(xmls, nic, &owned);
	g_autofree char *kind = name_kind(nic, forward);

	set(stay, group, "network_kind", kind);
	set(stay, group, "forward", forward);
	set(stay, group, "mtu_bytes", mtu);
}

/* --- the cable below a macvtap: its driver is asked, and may take its time --- */

#define SPEED_SECONDS 2
#define SPEED_GROUP "speed"

static gboolean read_speeds(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	const GPtrArray *nics = job->data;

	for (guint i = 0; i < nics->len; i++) {
		const HostlerInterface *nic = g_ptr_array_index(nics, i);
		g_autofree char *key = g_strdup_printf("%u", i);
		g_autofree char *speed = NULL;

		if (nic->type == HOSTLER_NIC_DIRECT && nic->source != NULL)
			speed = host->ops->net_read(host, nic->source, "speed");
		if (speed != NULL && g_ascii_strtoll(speed, NULL, 10) > 0) /* -1: no cable */
			g_key_file_set_string(answer, SPEED_GROUP, key, speed);
	}
	return TRUE;
}

static void take_speeds(GKeyFile *stay, GKeyFile *answer)
{
	g_auto(GStrv) keys = g_key_file_get_keys(answer, SPEED_GROUP, NULL, NULL);

	for (gsize i = 0; keys != NULL && keys[i] != NULL; i++) {
		g_autofree char *group = g_strconcat(METRICS_NICS, keys[i], NULL);
		g_autofree char *speed = g_key_file_get_string(answer, SPEED_GROUP, keys[i], NULL);

		set(stay, group, "lower_megabits_per_second", speed);
	}
}

static void fill_speeds(HostlerHost *host, const HostlerDomain *domain, GKeyFile *stay)
{
	g_autofree char *name = g_strdup_printf("net-%s", domain->uuid);
	HostlerJob job = { .bdf = name, .data = domain->interfaces };
	gint64 deadline = host->deadline;

	host->deadline = MIN(deadline, host->ops->monotonic(host) + SPEED_SECONDS * G_USEC_PER_SEC);
	host->ops->run_jobs(host, &job, 1, read_speeds);
	host->deadline = deadline;
	take_speeds(stay, job.answer);
	hostler_jobs_clear(&job, 1);
}

/* --- all of them --- */

static gboolean has_type(const HostlerDomain *domain, HostlerInterfaceType type)
{
	for (guint i = 0; i < domain->interfaces->len; i++) {
		const HostlerInterface *nic = g_ptr_array_index(domain->interfaces, i);

		if (nic->type == type)
			return TRUE;
	}
	return FALSE;
}

static void fill_nics(HostlerHost *host, const HostlerDomain *domain, const GPtrArray *xmls, GKeyFile *stay)
{
	for (guint i = 0; i < domain->interfaces->len; i++)
		fill_nic(host, stay, i, g_ptr_array_index(domain->interfaces, i), xmls);
	if (has_type(domain, HOSTLER_NIC_DIRECT))
		fill_speeds(host, domain, stay);
}

void metrics_ground_fill(HostlerHost *host, const HostlerDomain *domain, const GPtrArray *xmls, GKeyFile *stay)
{
	g_autoptr(GPtrArray) all = hostler_storage_survey(host, domain, HOSTLER_STORAGE_LABELS);

	for (guint i = 0; i < all->len; i++)
		fill_disk(stay, i, g_ptr_array_index(all, i));
	fill_nics(host, domain, xmls, stay);
}
