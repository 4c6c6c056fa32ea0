/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The one lock, /run/hostler/lock, around acquire, release and settle. No
 * child inherits it. */
typedef struct _HostlerLock HostlerLock;

/* Waits within the host's deadline. HOSTLER_ERROR_DEADLINE when somebody else
 * keeps it longer. */
HostlerLock *hostler_lock_take(HostlerHost *host, GError **error);
void hostler_lock_release(HostlerLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostlerLock, hostler_lock_release)
