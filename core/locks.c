/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The locks of several devices at once. */
#include "hostler/lock.h"
#include "hostler/record.h"

#include "hostler/error.h"

#define PAUSE_MICROSECONDS (10 * 1000)

/* NULL and the first that somebody has, or an error. */
static GPtrArray *try_all(HostlerHost *host, const GPtrArray *bdfs, const char **held, GError **error)
{
	g_autoptr(GPtrArray) locks = g_ptr_array_new_with_free_func((GDestroyNotify)hostler_lock_release);

	for (guint i = 0; i < bdfs->len; i++) {
		HostlerLock *lock = hostler_lock_try(host, g_ptr_array_index(bdfs, i), error);

		if (lock == NULL) {
			*held = g_ptr_array_index(bdfs, i);
			return NULL;
		}
		g_ptr_array_add(locks, lock);
	}
	return g_steal_pointer(&locks);
}

/* Whoever has the lock has perhaps said already that it keeps the device. */
static gboolean may_wait(HostlerHost *host, const char *bdf, const char *uuid, GError **error)
{
	if (!hostler_claim_free_for(host, bdf, uuid, error))
		return FALSE;
	if (hostler_host_time_left(host) > 0)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE,
		    "%s is being handed over or returned by another hostler run, which takes too long; see which: "
		    "fuser -v %s/locks/%s", bdf, host->run_dir, bdf);
	return FALSE;
}

GPtrArray *hostler_locks_wait(HostlerHost *host, const GPtrArray *bdfs, const char *uuid, GError **error)
{
	g_autoptr(GError) local = NULL;
	const char *held = NULL;
	GPtrArray *locks;

	while ((locks = try_all(host, bdfs, &held, &local)) == NULL && local == NULL &&
	       may_wait(host, held, uuid, &local))
		g_usleep(PAUSE_MICROSECONDS);
	if (local != NULL)
		g_propagate_error(error, g_steal_pointer(&local));
	return locks;
}
