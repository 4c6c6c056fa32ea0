/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>

#include "plugins/forward/place.h"

/* Objects as libnftnl has them, to be put into a batch; the caller frees them. */
struct nftnl_table *forward_table_new(gboolean with_comment);

#define FORWARD_N_CHAINS 6
/* NULL: there is no such chain with these features. */
struct nftnl_chain *forward_chain_new(guint index, guint features);

/* A rule of our own that looks into a set. */
struct nftnl_rule *forward_lookup_new(ForwardFamily family, const ForwardLookup *lookup);
/* A marked rule for `bridge`. */
struct nftnl_rule *forward_mark_rule_new(ForwardFamily family, ForwardPlace place, ForwardWay way,
					 const char *bridge);
