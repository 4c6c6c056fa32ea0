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

GPtrArray *reach_lock(HostlerHost *host, const HostlerDomain *domain, GError **error)
{
	g_autoptr(GPtrArray) bdfs = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < domain->devices->len; i++) {
		const char *bdf = ((const HostlerPciDevice *)g_ptr_array_index(domain->devices, i))->bdf;

		add(bdfs, bdf);
		add_group(host, bdfs, bdf);
	}
	g_ptr_array_sort(bdfs, compare_bdfs);
	return hostler_locks_wait(host, bdfs, domain->uuid, error);
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

	while ((locks = lock_claimed(host, uuid, &local)) == NULL &&
	       g_error_matches(local, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_CLAIMED))
		g_clear_error(&local);
	if (locks == NULL)
		g_propagate_error(error, g_steal_pointer(&local));
	return locks;
}
