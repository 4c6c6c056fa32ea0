/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/finding.h"
#include "hostler/host.h"
#include "plugins/vfio/device.h"

/* What may stand between a VM and a device, a question each. FALSE, and a refusal
 * in `findings`, when it does. */

/* Without touching the device, for a stuck one would take us along: there, not
 * stuck, not another VM's. */
gboolean check_reachable(HostlerHost *host, const HostlerDomain *domain, const char *bdf, HostlerFindings *findings);

/* From here on of what was read; `devices` are all that were. */
gboolean check_answered(const HostlerJob *device, HostlerFindings *findings);
/* All that a device must be that the VM lists; a note says what becomes of it. */
void check_listed(HostlerHost *host, const HostlerDomain *domain, const VfioDevices *devices,
		  const HostlerJob *device, HostlerFindings *findings);
/* Whether a member of the group of `partner` that the VM does not list is to be
 * taken along. FALSE without a refusal: it need not be. */
gboolean check_companion(HostlerHost *host, const HostlerDomain *domain, const VfioDevices *devices,
			 const HostlerJob *device, const char *partner, gboolean same_slot, HostlerFindings *findings);
