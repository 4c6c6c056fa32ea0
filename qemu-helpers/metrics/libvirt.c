/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls to libvirt. */
#include "libvirt.h"

#include <libvirt/virterror.h>

#include "hostler/error.h"

/* STATE costs nothing beside. The rest the kernel tells (kernel.c, links.c). */
#define GROUPS (VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_BLOCK)

/* VMs that are gone leave a handle behind; more than this and all are looked up anew. */
#define SPARE_HANDLES 64

struct _Libvirt {
	virConnectPtr connection; /* NULL: not connected */
	GHashTable *domains;      /* uuid -> virDomainPtr, of this connection */
};

static void be_silent(void *data, virErrorPtr error)
{
}

gboolean libvirt_initialize(GError **error)
{
	virSetErrorFunc(NULL, be_silent);
	if (virInitialize() == 0)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_METRICS, "libvirt's client library does not start: %s",
		    virGetLastErrorMessage());
	return FALSE;
}

static void free_domain(gpointer domain)
{
	virDomainFree(domain);
}

Libvirt *libvirt_new(void)
{
	Libvirt *libvirt = g_new0(Libvirt, 1);

	libvirt->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_domain);
	return libvirt;
}

static void disconnect(Libvirt *libvirt)
{
	g_hash_table_remove_all(libvirt->domains);
	if (libvirt->connection != NULL)
		virConnectClose(libvirt->connection);
	libvirt->connection = NULL;
}

void libvirt_free(Libvirt *libvirt)
{
	disconnect(libvirt);
	g_hash_table_unref(libvirt->domains);
	g_free(libvirt);
}

static void set_libvirt_error(GError **error, const char *what)
{
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_METRICS, "%s: %s", what, virGetLastErrorMessage());
}

static gboolean connect_to(Libvirt *libvirt, const char *uri, GError **error)
{
	if (libvirt->connection == NULL)
		libvirt->connection = virConnectOpenReadOnly(uri);
	if (libvirt->connection != NULL)
		return TRUE;
	set_libvirt_error(error, "libvirt cannot be reached");
	return FALSE;
}

static virDomainPtr find_domain(Libvirt *libvirt, const char *uuid)
{
	virDomainPtr domain = g_hash_table_lookup(libvirt->domains, uuid);

	if (domain != NULL)
		return domain;
	domain = virDomainLookupByUUIDString(libvirt->connection, uuid);
	if (domain != NULL)
		g_hash_table_insert(libvirt->domains, g_strdup(uuid), domain);
	return domain;
}

/* Ended by NULL, as libvirt wants it. */
static GPtrArray *find_domains(Libvirt *libvirt, GPtrArray *uuids)
{
	GPtrArray *domains = g_ptr_array_new();

	if (g_hash_table_size(libvirt->domains) > uuids->len + SPARE_HANDLES)
		g_hash_table_remove_all(libvirt->domains);
	for (guint i = 0; i < uuids->len; i++) {
		virDomainPtr domain = find_domain(libvirt, g_ptr_array_index(uuids, i));

		if (domain != NULL)
			g_ptr_array_add(domains, domain);
	}
	g_ptr_array_add(domains, NULL);
	return domains;
}

static GPtrArray *read_answer(virDomainStatsRecordPtr *records, int n_records)
{
	GPtrArray *samples = g_ptr_array_new_with_free_func((GDestroyNotify)sample_free);
	double now = sample_clock();

	for (int i = 0; i < n_records; i++) {
		char uuid[VIR_UUID_STRING_BUFLEN];

		if (virDomainGetUUIDString(records[i]->dom, uuid) == 0)
			g_ptr_array_add(samples,
					sample_from_libvirt(uuid, records[i]->params, records[i]->nparams, now));
	}
	return samples;
}

static GPtrArray *try_sample(Libvirt *libvirt, const char *uri, GPtrArray *uuids, gboolean with_nics, GError **error)
{
	unsigned int groups = GROUPS | (with_nics ? VIR_DOMAIN_STATS_INTERFACE : 0);
	g_autoptr(GPtrArray) domains = NULL;
	virDomainStatsRecordPtr *records = NULL;
	GPtrArray *samples;
	int n_records = 0;

	if (!connect_to(libvirt, uri, error))
		return NULL;
	domains = find_domains(libvirt, uuids);
	if (domains->len > 1)
		n_records = virDomainListGetStats((virDomainPtr *)domains->pdata, groups, &records,
						  VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);
	if (n_records < 0 || virConnectIsAlive(libvirt->connection) != 1) {
		set_libvirt_error(error, "libvirt does not answer");
		virDomainStatsRecordListFree(records);
		disconnect(libvirt);
		return NULL;
	}
	samples = read_answer(records, n_records);
	virDomainStatsRecordListFree(records);
	return samples;
}

/* That libvirtd was restarted shows when its old connection is used. */
GPtrArray *libvirt_sample(Libvirt *libvirt, const char *uri, GPtrArray *uuids, gboolean with_nics, GError **error)
{
	gboolean is_new = libvirt->connection == NULL;
	GPtrArray *samples = try_sample(libvirt, uri, uuids, with_nics, is_new ? error : NULL);

	return samples != NULL || is_new ? samples : try_sample(libvirt, uri, uuids, with_nics, error);
}
