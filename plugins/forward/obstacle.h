/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libnftnl/chain.h>

#include "hostler/host.h"
#include "plugins/forward/packet.h"

/* Where a packet to a guest would end: every base chain of every table that sees
 * forwarded packets has its say, and one that drops is enough. */

typedef struct {
	char *table; /* "inet filter" */
	char *chain; /* the base chain */
	char *where; /* the chain whose rule it is; NULL: the base chain's policy */
	gboolean certain; /* FALSE: unless a rule before it, which cannot be read from here, lets it pass */
} ForwardObstacle;

/* The chains of others and their rules, as the kernel has them. */
typedef struct _ForwardChains ForwardChains;
ForwardChains *forward_chains_read(HostlerHost *host, GError **error);
/* Empty; and one that is put in, with the rules that follow each other, and the lists that rules look into. All are
 * taken over. */
ForwardChains *forward_chains_new(void);
void forward_chains_add(ForwardChains *chains, struct nftnl_chain *chain);
void forward_chains_add_rule(ForwardChains *chains, struct nftnl_rule *rule);
void forward_chains_add_set(ForwardChains *chains, struct nftnl_set *set);
void forward_chains_free(ForwardChains *chains);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ForwardChains, forward_chains_free)

/* ForwardObstacle, in the kernel's order of tables. Pure. */
GPtrArray *forward_obstacles_find(const ForwardChains *chains, const ForwardPacket *packet);

/* One line: where, and the command that mends it. */
char *forward_obstacle_text(const ForwardObstacle *obstacle, const char *bridge);
