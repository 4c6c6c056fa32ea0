/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a VM's run reaches: a group goes to a VM whole or not at all, so whoever
 * wants one member has to do with all of them. */
#include "core/reach.h"

#include "hostler/error.h"
#include "hostler/lock.h"
#include "hostler/record.h"

static int compare_bdfs(gconstpointer a, gconstpointer b)
{
	return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

static void add(GPtrArray *bdfs, const char *bdf)
{
	if (!g_ptr_array_find_with_equal_func(bdfs, bdf, g_str_equal, NULL))
		g_ptr_array_add(bdfs, g_strdup(bdf));
}

static void add_group(HostlerHost *host, GPtrArray *bdfs, const char *bdf)
{
	g_autofree char *group = host->ops->pci_group(host, bdf);
	g_auto(GStrv) members = group != NULL ? host->ops->group_members(host, group, NULL) : NULL;

	for (gsize i = 0; members != NULL && members[i] != NULL; i++)
		add(bdfs, members[i]);
}

/* What it still has of an earlier run goes back with the rest, should this one be refused. */
static void add_claimed(HostlerHost *host, GPtrArray *bdfs, const char *uuid)
{
	g_autoptr(GPtrArray) claims = hostler_claims_of(host, uuid);

	for (guint i = 0; i < claims->len; i++)
		add(bdfs, ((const HostlerRecord *)g_ptr_array_index(claims, i))->key);
}

static GPtrArray *wanted(HostlerHost *host, const HostlerDomain *domain)
{
	GPtrArray *bdfs = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < domain->devices->len; i++) {
		const char *bdf = ((const HostlerPciDevice *)g_ptr_array_index(domain->devices, i))->bdf;

		add(bdfs, bdf);
		add_group(host, bdfs, bdf);
	}
	return bdfs;
}

static gboolean is_claimed(const GError *error)
{
	return g_error_matches(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_CLAIMED);
}

/* Fewer the second time: what another VM has taken over meanwhile is none of this
 * one's any more. */
GPtrArray *reach_lock(HostlerHost *host, const HostlerDomain *domain, GError **error)
{
	g_autoptr(GError) local = NULL;
	GPtrArray *locks = NULL;
	guint before, now = G_MAXUINT;

	do {
		g_autoptr(GPtrArray) bdfs = wanted(host, domain);

		g_clear_error(&local);
		add_claimed(host, bdfs, domain->uuid);
		g_ptr_array_sort(bdfs, compare_bdfs);
		before = now;
		now = bdfs->len;
		locks = hostler_locks_wait(host, bdfs, domain->uuid, &local);
	} while (is_claimed(local) && now < before);
	if (locks == NULL)
		g_propagate_error(error, g_steal_pointer(&local));
	return locks;
}

static GPtrArray *lock_claimed(HostlerHost *host, const char *uuid, GError **error)
{
	g_autoptr(GPtrArray) claims = hostler_claims_of(host, uuid);
	g_autoptr(GPtrArray) bdfs = g_ptr_array_new();

	for (guint i = 0; i < claims->len; i++)
		g_ptr_array_add(bdfs, ((const HostlerRecord *)g_ptr_array_index(claims, i))->key);
	return hostler_locks_wait(host, bdfs, uuid, error);
}

/* A device that another VM took over while we waited for it is none of this one's
 * any more, and keeps it from no other. */
GPtrArray *reach_lock_claimed(HostlerHost *host, const char *uuid, GError **error)
{
	g_autoptr(GError) local = NULL;
	GPtrArray *locks;

	while ((locks = lock_claimed(host, uuid, &local)) == NULL && is_claimed(local))
		g_clear_error(&local);
	if (locks == NULL)
		g_propagate_error(error, g_steal_pointer(&local));
	return locks;
}
