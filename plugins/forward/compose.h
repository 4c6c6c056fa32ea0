/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>

#include "plugins/forward/place.h"

/* Objects as libnftnl has them, to be put into a batch; the caller frees them. */
struct nftnl_table *forward_table_new(gboolean with_comment);

#define FORWARD_N_CHAINS 3
struct nftnl_chain *forward_chain_new(guint index);

/* A rule of our own that looks into a map. */
struct nftnl_rule *forward_lookup_new(const ForwardLookup *lookup);
/* A marked rule for `bridge`. */
struct nftnl_rule *forward_mark_rule_new(ForwardPlace place, ForwardWay way, const char *bridge);
