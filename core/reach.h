/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/host.h"

/* Which devices a VM's run may touch, and their locks (HostlerLock). */

/* Of the VM's devices, of whatever else is in their IOMMU groups, and of what it has
 * claims on already. */
GPtrArray *reach_lock(HostlerHost *host, const HostlerDomain *domain, GError **error);
/* Of those it has claims on. */
GPtrArray *reach_lock_claimed(HostlerHost *host, const char *uuid, GError **error);
