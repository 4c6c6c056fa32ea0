/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/finding.h"
#include "hostler/host.h"

/* What of the host stands against the ports of `spans`, which `domain` wants. */
void forward_check_host(HostlerHost *host, const HostlerDomain *domain, const GArray *spans,
			HostlerFindings *findings);
