/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "plugins/forward/desired.h"
#include "plugins/forward/ruleset.h"

/* One step from what the kernel holds to what it is to hold. */
typedef enum {
	FORWARD_DELETE_RULE,
	FORWARD_DELETE_TABLE, /* with all that is in it */
	FORWARD_DELETE_ELEMENT,
	FORWARD_ADD_TABLE, /* with its chains, sets and the rules that look into them */
	FORWARD_ADD_ELEMENT,
	FORWARD_INSERT_RULE, /* at the head of its chain */
} ForwardChangeKind;

typedef struct {
	ForwardChangeKind kind;
	ForwardFamily family;
	ForwardPlace place;  /* of a rule */
	guint64 handle;      /* of a rule to delete */
	ForwardWay way;      /* of a rule to insert */
	/* Both are borrowed from what the changes were made from. */
	const char *bridge; /* of a rule */
	const ForwardElement *element;
	guint features;      /* of a table */
	guint n_ports;       /* that VMs have in it */
} ForwardChange;

/* In an order that one transaction can take; empty when nothing is to be done. Of the
 * elements all is known (forward_elements_know()).
 * A table of that name that is not ours is nobody's to change: empty too. Pure. */
GArray *forward_changes(const ForwardDesired *desired, const ForwardRuleset *ruleset);

/* Whether a table is to be made anew or to go: `desired` must name all elements then,
 * and `ruleset` hold all, not those at some keys. Pure. */
gboolean forward_changes_need_all(const ForwardDesired *desired, const ForwardRuleset *ruleset);

/* The steps that reserve all ports of `missing` and nothing else. The kernel refuses
 * them when somebody has one. Pure. */
GArray *forward_changes_to_reserve(const ForwardDesired *missing, const ForwardRuleset *ruleset);

/* For tests, logs and `hostler status`: "insert ip filter FORWARD out virbr0". */
char *forward_change_to_text(const ForwardChange *change);
