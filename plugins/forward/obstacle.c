/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks a packet through the chains of nf_tables on their way `forward`, as the kernel
 * would, as far as that can be told without the packet. */
#include "plugins/forward/obstacle.h"

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "plugins/forward/place.h"

#define MOST_JUMPS 16 /* as the kernel has it */
/* Chains that jump to one another more than once can be walked in more ways than anybody waits for. */
#define MOST_RULES 100000

typedef struct nftnl_chain NftChain;
typedef struct nftnl_rule NftRule;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftChain, nftnl_chain_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftRule, nftnl_rule_free)

struct _ForwardChains {
	GPtrArray *bases;  /* struct nftnl_chain */
	GHashTable *rules; /* "FAMILY TABLE CHAIN": GPtrArray of struct nftnl_rule */
	ForwardConstants *constants;
};

static void free_chain(gpointer chain)
{
	nftnl_chain_free(chain);
}

static void free_rule(gpointer rule)
{
	nftnl_rule_free(rule);
}

ForwardChains *forward_chains_new(void)
{
	ForwardChains *chains = g_new0(ForwardChains, 1);

	chains->bases = g_ptr_array_new_with_free_func(free_chain);
	chains->rules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	chains->constants = forward_constants_new();
	return chains;
}

void forward_chains_free(ForwardChains *chains)
{
	g_ptr_array_unref(chains->bases);
	g_hash_table_unref(chains->rules);
	forward_constants_free(chains->constants);
	g_free(chains);
}

static char *key_of(guint32 family, const char *table, const char *chain)
{
	return g_strdup_printf("%u %s %s", family, table, chain);
}

void forward_chains_add(ForwardChains *chains, struct nftnl_chain *chain)
{
	const char *table = nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE);
	guint32 family = nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY);

	if (nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM) && table != NULL && !g_str_equal(table, FORWARD_TABLE) &&
	    nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) == NF_INET_FORWARD &&
	    (family == NFPROTO_IPV4 || family == NFPROTO_IPV6 || family == NFPROTO_INET))
		g_ptr_array_add(chains->bases, chain);
	else
		nftnl_chain_free(chain);
}

void forward_chains_add_rule(ForwardChains *chains, struct nftnl_rule *rule)
{
	g_autofree char *key = key_of(nftnl_rule_get_u32(rule, NFTNL_RULE_FAMILY),
				      nftnl_rule_get_str(rule, NFTNL_RULE_TABLE),
				      nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN));
	GPtrArray *rules = g_hash_table_lookup(chains->rules, key);

	if (rules == NULL) {
		rules = g_ptr_array_new_with_free_func(free_rule);
		g_hash_table_insert(chains->rules, g_steal_pointer(&key), rules);
	}
	g_ptr_array_add(rules, rule);
}

void forward_chains_add_set(ForwardChains *chains, struct nftnl_set *set)
{
	forward_constants_add(chains->constants, set);
}

/* --- reading --- */

static int each_chain(const struct nlmsghdr *message, void *data)
{
	g_autoptr(NftChain) chain = nftnl_chain_alloc();

	if (nftnl_chain_nlmsg_parse(message, chain) == 0)
		forward_chains_add(data, g_steal_pointer(&chain));
	return MNL_CB_OK;
}

static int each_rule(const struct nlmsghdr *message, void *data)
{
	g_autoptr(NftRule) rule = nftnl_rule_alloc();

	if (nftnl_rule_nlmsg_parse(message, rule) == 0)
		forward_chains_add_rule(data, g_steal_pointer(&rule));
	return MNL_CB_OK;
}

static gboolean read_rules(HostlerHost *host, ForwardChains *chains, const NftChain *base, GError **error)
{
	g_autoptr(NftRule) rule = nftnl_rule_alloc();
	char buffer[512] __attribute__((aligned(NLMSG_ALIGNTO)));
	guint16 family = (guint16)nftnl_chain_get_u32(base, NFTNL_CHAIN_FAMILY);
	struct nlmsghdr *request = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETRULE, family, NLM_F_DUMP, 0);

	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, nftnl_chain_get_str(base, NFTNL_CHAIN_TABLE));
	nftnl_rule_nlmsg_build_payload(request, rule);
	return host->ops->nft_dump(host, request, each_rule, chains, error) &&
	       forward_constants_read(host, chains->constants, family,
				      nftnl_chain_get_str(base, NFTNL_CHAIN_TABLE), error);
}

/* Two base chains of one table have its rules in common. */
static gboolean is_read(const ForwardChains *chains, guint n)
{
	const NftChain *base = g_ptr_array_index(chains->bases, n);

	for (guint i = 0; i < n; i++) {
		const NftChain *other = g_ptr_array_index(chains->bases, i);

		if (nftnl_chain_get_u32(base, NFTNL_CHAIN_FAMILY) == nftnl_chain_get_u32(other, NFTNL_CHAIN_FAMILY) &&
		    g_str_equal(nftnl_chain_get_str(base, NFTNL_CHAIN_TABLE),
				nftnl_chain_get_str(other, NFTNL_CHAIN_TABLE)))
			return TRUE;
	}
	return FALSE;
}

ForwardChains *forward_chains_read(HostlerHost *host, GError **error)
{
	g_autoptr(ForwardChains) chains = forward_chains_new();
	char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *request = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, NLM_F_DUMP, 0);

	if (!host->ops->nft_dump(host, request, each_chain, chains, error))
		return NULL;
	for (guint i = 0; i < chains->bases->len; i++) {
		if (!is_read(chains, i) && !read_rules(host, chains, g_ptr_array_index(chains->bases, i), error))
			return NULL;
	}
	return g_steal_pointer(&chains);
}

/* --- walking --- */

typedef enum {
	WALK_THROUGH, /* at the end of the chain, the packet is still there */
	WALK_PASSED,
	WALK_STOPPED,
} Walk;

typedef struct {
	const ForwardChains *chains;
	const ForwardPacket *packet;
	guint32 family;
	const char *table;
	guint *n_left;    /* rules that may still be looked at, by guesses as well */
	gboolean certain; /* nothing that we cannot read may have let it pass */
	char *stopped;    /* the chain that did */
} Walker;

static Walk walk(Walker *walker, const char *chain, guint depth);

/* A branch that it may take: what it finds there is a guess, and only makes uncertain. */
static void walk_perhaps(Walker *walker, const char *chain, guint depth)
{
	Walker guess = *walker;
	Walk end;

	guess.stopped = NULL;
	end = walk(&guess, chain, depth);
	g_free(guess.stopped);
	if (end == WALK_PASSED || !guess.certain)
		walker->certain = FALSE;
}

static Walk meet(Walker *walker, const char *chain, const ForwardEffect *effect, guint depth)
{
	switch (effect->verdict) {
	case FORWARD_ACCEPTS:
		return WALK_PASSED;
	case FORWARD_DROPS:
		walker->stopped = g_strdup(chain);
		return WALK_STOPPED;
	case FORWARD_JUMPS:
	case FORWARD_GOES_TO:
		return effect->chain != NULL ? walk(walker, effect->chain, depth + 1) : WALK_THROUGH;
	case FORWARD_GOES_ON:
	case FORWARD_RETURNS:
		break;
	}
	return WALK_THROUGH;
}

/* Passing, returning and leaving on a guess all mean that what follows may not be met. */
static void guess(Walker *walker, const ForwardEffect *effect, guint depth)
{
	gboolean leads_on = effect->verdict == FORWARD_JUMPS || effect->verdict == FORWARD_GOES_TO;

	if (leads_on && effect->chain != NULL)
		walk_perhaps(walker, effect->chain, depth + 1);
	if (effect->verdict == FORWARD_ACCEPTS || effect->verdict == FORWARD_RETURNS ||
	    effect->verdict == FORWARD_GOES_TO)
		walker->certain = FALSE;
}

static gboolean has_time(Walker *walker)
{
	if (*walker->n_left == 0) {
		walker->certain = FALSE;
		return FALSE;
	}
	(*walker->n_left)--;
	return TRUE;
}

static gboolean ends_chain(const ForwardEffect *effect)
{
	return effect->verdict == FORWARD_RETURNS || effect->verdict == FORWARD_GOES_TO;
}

static Walk walk(Walker *walker, const char *chain, guint depth)
{
	g_autofree char *key = key_of(walker->family, walker->table, chain);
	const GPtrArray *rules = g_hash_table_lookup(walker->chains->rules, key);

	for (guint i = 0; rules != NULL && depth < MOST_JUMPS && i < rules->len; i++) {
		ForwardEffect effect;
		Walk end;

		if (!has_time(walker))
			break;
		effect = forward_packet_meet(walker->packet, g_ptr_array_index(rules, i), walker->chains->constants);
		if (effect.match == FORWARD_MAY_HIT)
			guess(walker, &effect, depth);
		if (effect.match != FORWARD_HITS)
			continue;
		end = meet(walker, chain, &effect, depth);
		if (end != WALK_THROUGH || ends_chain(&effect))
			return end;
	}
	return WALK_THROUGH;
}

/* --- the answer --- */

static void free_obstacle(gpointer data)
{
	ForwardObstacle *obstacle = data;

	g_free(obstacle->table);
	g_free(obstacle->chain);
	g_free(obstacle->where);
	g_free(obstacle);
}

static const char *family_name(guint32 family)
{
	if (family == NFPROTO_INET)
		return "inet";
	return family == NFPROTO_IPV4 ? "ip" : "ip6";
}

static gboolean sees(guint32 family, const ForwardPacket *packet)
{
	return family == NFPROTO_INET || (family == NFPROTO_IPV4) == (packet->family == AF_INET);
}

static void look(const ForwardChains *chains, const NftChain *base, const ForwardPacket *packet, GPtrArray *obstacles)
{
	guint n_left = MOST_RULES;
	Walker walker = {
		.n_left = &n_left,
		.chains = chains,
		.packet = packet,
		.family = nftnl_chain_get_u32(base, NFTNL_CHAIN_FAMILY),
		.table = nftnl_chain_get_str(base, NFTNL_CHAIN_TABLE),
		.certain = TRUE,
	};
	const char *name = nftnl_chain_get_str(base, NFTNL_CHAIN_NAME);
	gboolean drops = nftnl_chain_get_u32(base, NFTNL_CHAIN_POLICY) == NF_DROP;
	ForwardObstacle *obstacle;
	Walk end;

	if (!sees(walker.family, packet))
		return;
	end = walk(&walker, name, 0);
	if (end == WALK_PASSED || (end == WALK_THROUGH && !drops))
		return;
	obstacle = g_new0(ForwardObstacle, 1);
	obstacle->table = g_strdup_printf("%s %s", family_name(walker.family), walker.table);
	obstacle->chain = g_strdup(name);
	obstacle->where = walker.stopped;
	obstacle->certain = walker.certain;
	g_ptr_array_add(obstacles, obstacle);
}

GPtrArray *forward_obstacles_find(const ForwardChains *chains, const ForwardPacket *packet)
{
	GPtrArray *obstacles = g_ptr_array_new_with_free_func(free_obstacle);

	for (guint i = 0; i < chains->bases->len; i++)
		look(chains, g_ptr_array_index(chains->bases, i), packet, obstacles);
	return obstacles;
}
