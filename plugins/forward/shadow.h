/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/finding.h"
#include "hostler/host.h"
#include "plugins/forward/span.h"

/* What of the host itself these ports take away: programs that listen on them
 * (advice), and the range that its own connections come from (a note). `spans` of
 * ForwardSpan. Reads only. */
void forward_shadow_check(HostlerHost *host, const GArray *spans, HostlerFindings *findings);
