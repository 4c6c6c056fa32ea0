/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/record.h"
#include "plugins/vfio/device.h"

/* Claims: which device belongs to which VM, and how it was found. */

/* Pending claims on `devices`, on disk before any of them is touched. A device
 * this VM has claimed already keeps its claim: how it was found is known from
 * then. NULL when a claim cannot be written; those that were are removed. */
GPtrArray *vfio_claims_make(HostlerHost *host, const HostlerDomain *domain, const VfioDevices *devices,
			    GError **error);

void vfio_claim_enter(HostlerHost *host, HostlerRecord *claim, HostlerPhase phase);
/* Why the claim's device is not with its VM or its driver; kept in the record. */
void vfio_claim_say(HostlerHost *host, HostlerRecord *claim, HostlerPhase phase, const GError *error);
