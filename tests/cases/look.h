/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/finding.h"
#include "hostler/host.h"

/* What is said and written down of a VM, into the transcript. */

void look_at_findings(HostlerHost *host, const HostlerFindings *findings);
/* What `hostler check` knows besides. */
void look_for_advice(HostlerHost *host, const HostlerDomain *domain);
/* What the VM's stay says of its disks and NICs. */
void look_at_stay(HostlerHost *host, const HostlerDomain *domain);
