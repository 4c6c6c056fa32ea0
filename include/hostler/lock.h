/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* Who may change what now. Three kinds, taken in this order and never the other
 * way round:
 *
 *   a VM's        locks/<uuid>  one run of ours for a VM at a time
 *   a device's    locks/<bdf>   across reading, deciding and acting, so that a
 *                               slow device delays no VM that does not want it
 *   the firewall's  lock        the ports that stays reserve, and nf_tables;
 *                               for moments, never across a device
 *
 * All are flock()s, so a run that dies lets go; no child inherits one. */
typedef struct _HostlerLock HostlerLock;

/* The lock of a VM (UUID) or of a device (BDF), waited for as long as the host's
 * deadline leaves time. HOSTLER_ERROR_DEADLINE says who keeps it. */
HostlerLock *hostler_lock_wait(HostlerHost *host, const char *key, GError **error);
/* NULL without an error: somebody has it. NULL with one: it cannot be had at all. */
HostlerLock *hostler_lock_try(HostlerHost *host, const char *key, GError **error);
/* The firewall's, waited for as above. */
HostlerLock *hostler_lock_firewall(HostlerHost *host, GError **error);
void hostler_lock_release(HostlerLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostlerLock, hostler_lock_release)

/* The locks of some devices, all or none of them: who waits for one device keeps
 * nobody from another. `bdfs` are BDFs (char *). A device that the VM `uuid` may
 * not have in any case is not waited for: HOSTLER_ERROR_VFIO_CLAIMED. */
GPtrArray *hostler_locks_wait(HostlerHost *host, const GPtrArray *bdfs, const char *uuid, GError **error);

/* Removes what killed runs left in locks/, and killed jobs beside the claims. */
void hostler_locks_tidy(HostlerHost *host);
