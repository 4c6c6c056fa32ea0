/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"
#include "plugins/forward/desired.h"
#include "plugins/forward/rule.h"

/* What the kernel holds of ours, and the chains of others around it. */
typedef struct {
	gboolean present; /* a base chain on the hook that we need */
	GPtrArray *rules; /* ForwardRule, in their order */
} ForwardChain;

/* One of the two families. */
typedef struct {
	gboolean has_table; /* a table `hostler` is there */
	gboolean is_ours;   /* and bears our comment */
	GPtrArray *lookups; /* char *, "chain: comment" of its rules but those of a bridge each, in their order */
	guint sets;         /* a bit for each ForwardSet that is there as we make it */
	GArray *elements;   /* ForwardElement, in the order of forward_element_compare() */
	ForwardChain chains[FORWARD_N_PLACES];
} ForwardTable;

typedef struct {
	guint32 generation; /* of all of nf_tables: a batch made for this state names it */
	ForwardTable tables[FORWARD_N_FAMILIES];
} ForwardRuleset;

ForwardRuleset *forward_ruleset_new(void);
void forward_ruleset_free(ForwardRuleset *ruleset);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ForwardRuleset, forward_ruleset_free)

/* One state of the kernel, never halves of two. With `keys`, elements that are not at
 * one of these are left out: the kernel takes long to list many. NULL: all. */
ForwardRuleset *forward_ruleset_read(HostlerHost *host, const ForwardDesired *keys, GError **error);
/* The same without what is in the tables. */
ForwardRuleset *forward_ruleset_read_tables(HostlerHost *host, GError **error);
/* The name of a table `hostler` that somebody else made, or NULL: "ip hostler". */
const char *forward_ruleset_foreign(const ForwardRuleset *ruleset);
