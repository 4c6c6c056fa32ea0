/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/finding.h"
#include "plugins/forward/span.h"

/* From what a VM asks for and the networks that run (HostlerNetwork) to spans.
 * What cannot be done becomes a refusal in `findings`, and is not in the spans. */
GArray *forward_plan(const HostlerDomain *domain, const GPtrArray *networks, HostlerFindings *findings);
