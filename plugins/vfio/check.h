/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/finding.h"
#include "hostler/host.h"

/* Everything that stands between a VM and its devices, before one is touched. */
void vfio_check(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings);
