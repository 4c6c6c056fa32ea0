/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/record.h"
#include "plugins/vfio/plan.h"

/* Claims: which device belongs to which VM, and how it was found. */

/* Pending claims on `members` (VfioMember), on disk before any of them is touched.
 * A claim that an earlier run left says how its device was found, and goes over
 * into the new one. NULL when a claim cannot be written; new ones are removed. */
GPtrArray *vfio_claims_make(HostlerHost *host, const HostlerDomain *domain, const GArray *members, GError **error);

/* Notes that libvirt has bound this device of the VM, which we never move. */
void vfio_claim_for_libvirt(HostlerHost *host, const HostlerDomain *domain, const char *bdf,
			    const HostlerRecord *stay);
gboolean vfio_claim_is_libvirts(const HostlerRecord *claim);
/* Pulled out, or lost; not one that was removed to be found again. */
gboolean vfio_claim_is_gone(HostlerHost *host, const HostlerRecord *claim);
/* BDF of the device that this companion goes along with, or NULL. */
char *vfio_claim_partner(const HostlerRecord *claim);

void vfio_claim_enter(HostlerHost *host, HostlerRecord *claim, HostlerPhase phase);
/* Why the claim's device is not with its VM or its driver; kept in the record. */
void vfio_claim_say(HostlerHost *host, HostlerRecord *claim, HostlerPhase phase, const GError *error);
/* Whether it is stuck, or was when it was left for another phase, and then is again as
 * it was: nothing new is to be said of it. For a device that has a job out. */
gboolean vfio_claim_stays_stuck(HostlerHost *host, HostlerRecord *claim);
/* Whether something went wrong with it in this phase; and a moment ago, and would again. */
gboolean vfio_claim_has_trouble(const HostlerRecord *claim);
gboolean vfio_claim_just_failed(HostlerHost *host, const HostlerRecord *claim);

/* As hostler_claim_matches(), of what was read of the device. */
gboolean vfio_claim_is_of(const HostlerRecord *claim, const HostlerJob *device, GError **error);
