/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <netinet/in.h>

#include "hostler/domain.h"
#include "hostler/finding.h"
#include "hostler/network.h"

/* Where in the guest a forward ends: a card on a NAT network of libvirt, and the
 * address that the network reserves for it. */
typedef struct {
	char bridge[IFNAMSIZ];
	struct in_addr guest;
} ForwardNic;

/* The card that `forward` names by mac=, else the first on a NAT network.
 * FALSE and a refusal in `findings` when there is none that can be served.
 * Pure; `networks` (HostlerNetwork) are those that run. */
gboolean forward_nic_choose(const HostlerDomain *domain, const HostlerForward *forward, const GPtrArray *networks,
			    ForwardNic *nic, HostlerFindings *findings);
