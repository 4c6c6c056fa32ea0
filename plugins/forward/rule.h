/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <libnftnl/rule.h>

#include "plugins/forward/place.h"

/* A rule in one of forward_places, as far as it matters to us. */
typedef struct {
	guint64 handle;
	char *bridge;        /* what our mark says; NULL: somebody else's rule */
	ForwardWay way;      /* ours */
	gboolean is_sound;   /* ours: in the form that suits its place */
	gboolean may_reject; /* somebody else's: a packet may not get past it */
} ForwardRule;

ForwardRule *forward_rule_read(const struct nftnl_rule *rule, ForwardPlace place);
/* One that libnftnl cannot read. */
ForwardRule *forward_rule_unknown(void);
void forward_rule_free(ForwardRule *rule);

/* The comment from userdata (nft, and we) or from xtables' match of that name
 * (iptables, and what iptables-restore makes of ours). */
char *forward_rule_comment(const struct nftnl_rule *rule);
