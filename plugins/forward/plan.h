/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/finding.h"
#include "plugins/forward/span.h"

/* From what a VM asks for and the networks that run (HostlerNetwork) to spans.
 * What cannot be done becomes a refusal in `findings`, and is not in the spans. */
GArray *forward_plan(const HostlerDomain *domain, const GPtrArray *networks, HostlerFindings *findings);

/* What other VMs hold already. */
typedef struct {
	ForwardSpan span;
	const char *vm; /* its name, as shown to people; NULL: the VM in question */
} ForwardHolding;

/* Refuses the ports of `spans` that others hold; that no port is in two ranges of
 * one VM is the settings' to see. `holdings` (ForwardHolding) is used up. */
void forward_plan_check_taken(const GArray *spans, GArray *holdings, HostlerFindings *findings);
