/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/finding.h"
#include "hostler/network.h"
#include "plugins/forward/span.h"

/* Where in the guest a forward ends: a card on a NAT network of libvirt. */
typedef struct {
	char bridge[IFNAMSIZ];
	char mac[FORWARD_MAC_LENGTH + 1];
	char tap[IFNAMSIZ]; /* "" before the VM starts */
	const HostlerNetwork *network; /* borrowed from `networks` */
} ForwardNic;

/* The card that `forward` names by mac=, else the first on a NAT network.
 * FALSE and a refusal in `findings` when there is none that can be served.
 * Pure; `networks` (HostlerNetwork) are those that run. */
gboolean forward_nic_choose(const HostlerDomain *domain, const HostlerForward *forward, const GPtrArray *networks,
			    ForwardNic *nic, HostlerFindings *findings);

/* The card's subnet of this family, and the address that it reserves for the card:
 * AF_UNSPEC when there is none, for its lease is followed then. FALSE: the network
 * has no such subnet. */
gboolean forward_nic_place(const ForwardNic *nic, sa_family_t family, ForwardNet *net, ForwardAddress *guest);
/* No family that is asked for is there. */
void forward_nic_refuse_family(const ForwardNic *nic, sa_family_t family, HostlerFindings *findings);
