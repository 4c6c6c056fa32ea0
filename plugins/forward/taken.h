/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/finding.h"
#include "plugins/forward/ruleset.h"

/* A run of ports that two VMs want. */
typedef struct {
	ForwardElement first; /* as the VM in question wants it */
	guint16 last_port;
	const char *uuid; /* who has it; borrowed from the ruleset */
	ForwardAddress address; /* of the host, under which that one has it; AF_UNSPEC: each */
} ForwardClash;

/* Where the ports that `uuid` wants meet those that the kernel's sets `taken_...` give
 * to others (ForwardClash): of the same address, or, with `across`, one of them
 * of a single address and the other of every address, which is no conflict. Pure. */
GArray *forward_taken_find(const ForwardDesired *wanted, const char *uuid, const ForwardRuleset *ruleset,
			   gboolean across);

/* Says what was found: a refusal for each, and advice for those across. `name` of
 * a VM by its UUID is fit to be shown; the caller frees it. */
typedef char *(*ForwardNameFunc)(gpointer data, const char *uuid);
void forward_taken_say(const GArray *clashes, gboolean across, ForwardNameFunc name, gpointer data,
		       HostlerFindings *findings);
