/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"
#include "plugins/forward/change.h"

/* What is settled. In passing, a VM is looked at as a whole when a first port of it is
 * not as it should be; then this costs the same however many ports others have. */
typedef struct {
	GPtrArray *all;    /* stays that have ports (HostlerRecord) */
	GPtrArray *alive;  /* of these */
	GHashTable *whole; /* UUIDs; NULL: all VMs, and whatever else is in our tables */
} ForwardScope;

/* The kernel beside what it should be. */
typedef struct {
	ForwardRuleset *ruleset;
	ForwardDesired *desired;
	GArray *changes;
} ForwardDifference;

ForwardDifference *forward_difference_find(HostlerHost *host, const ForwardScope *scope, GError **error);
void forward_difference_free(ForwardDifference *difference);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ForwardDifference, forward_difference_free)

/* TRUE: a VM that is to change was not looked at as a whole, or more than VMs' ports
 * is to change, and now it would be. */
gboolean forward_scope_widen(ForwardScope *scope, const ForwardDifference *difference);
