/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/finding.h"
#include "hostler/host.h"
#include "plugins/forward/ruleset.h"

/* Ports in the kernel's sets `taken_...`, before anybody knows where they will lead. */

/* Reserves all ports of `spans` for `uuid` or none; the kernel alone decides who
 * was first. Others' are to be settled before. Under the firewall's lock. */
gboolean forward_reserve(HostlerHost *host, const char *uuid, const GArray *spans, GError **error);

/* The keys of nf_tables that forward_reserve_check() wants to see. */
ForwardDesired *forward_reserve_keys(HostlerHost *host, const char *uuid, const GArray *spans);
/* What of it would be refused, and where a port of one address meets one of all. */
void forward_reserve_check(HostlerHost *host, const char *uuid, const GArray *spans, const ForwardRuleset *ruleset,
			   HostlerFindings *findings);
