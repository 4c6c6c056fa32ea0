/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dumps of nf_tables read into one struct. */
#include "plugins/forward/ruleset.h"

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/gen.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "hostler/error.h"
#include "plugins/forward/comment.h"
#include "plugins/forward/request.h"
#include "plugins/forward/sets.h"

/* Somebody who changes nf_tables all the time does not keep us here for ever. */
#define TRIES 8

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ForwardRule, forward_rule_free)

typedef struct nftnl_table NftTable;
typedef struct nftnl_chain NftChain;
typedef struct nftnl_rule NftRule;
typedef struct nftnl_gen NftGeneration;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftTable, nftnl_table_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftChain, nftnl_chain_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftRule, nftnl_rule_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftGeneration, nftnl_gen_free)

ForwardRuleset *forward_ruleset_new(void)
{
	ForwardRuleset *ruleset = g_new0(ForwardRuleset, 1);

	for (guint family = 0; family < FORWARD_N_FAMILIES; family++) {
		ForwardTable *table = &ruleset->tables[family];

		table->lookups = g_ptr_array_new_with_free_func(g_free);
		table->elements = g_array_new(FALSE, TRUE, sizeof(ForwardElement));
		for (guint i = 0; i < FORWARD_N_PLACES; i++)
			table->chains[i].rules = g_ptr_array_new_with_free_func((GDestroyNotify)forward_rule_free);
	}
	return ruleset;
}

void forward_ruleset_free(ForwardRuleset *ruleset)
{
	for (guint family = 0; family < FORWARD_N_FAMILIES; family++) {
		ForwardTable *table = &ruleset->tables[family];

		g_ptr_array_unref(table->lookups);
		g_array_unref(table->elements);
		for (guint i = 0; i < FORWARD_N_PLACES; i++)
			g_ptr_array_unref(table->chains[i].rules);
	}
	g_free(ruleset);
}

const char *forward_ruleset_foreign(const ForwardRuleset *ruleset)
{
	if (ruleset->tables[FORWARD_IP].has_table && !ruleset->tables[FORWARD_IP].is_ours)
		return "ip hostler";
	return ruleset->tables[FORWARD_IP6].has_table && !ruleset->tables[FORWARD_IP6].is_ours ? "ip6 hostler" : NULL;
}

/* --- generation --- */

static int each_generation(const struct nlmsghdr *message, void *data)
{
	g_autoptr(NftGeneration) generation = nftnl_gen_alloc();

	if (nftnl_gen_nlmsg_parse(message, generation) == 0)
		*(guint32 *)data = nftnl_gen_get_u32(generation, NFTNL_GEN_ID);
	return MNL_CB_OK;
}

static gboolean read_generation(HostlerHost *host, guint32 *generation, GError **error)
{
	ForwardRequest request;

	*generation = 0;
	/* The family of this request is that of all tables. */
	nftnl_nlmsg_build_hdr(request.bytes, NFT_MSG_GETGEN, NFPROTO_UNSPEC, NLM_F_ACK, 0);
	return host->ops->nft_dump(host, &request.header, each_generation, generation, error);
}

/* --- our table --- */

static int each_table(const struct nlmsghdr *message, void *data)
{
	g_autoptr(NftTable) table = nftnl_table_alloc();
	g_autofree char *comment = NULL;
	ForwardTable *ours = data;
	const guint8 *userdata;
	guint32 length = 0;

	ours->has_table = TRUE;
	if (nftnl_table_nlmsg_parse(message, table) < 0)
		return MNL_CB_OK;
	userdata = nftnl_table_get_data(table, NFTNL_TABLE_USERDATA, &length);
	if (userdata != NULL)
		comment = forward_comment_read(userdata, length);
	ours->is_ours = g_strcmp0(comment, FORWARD_TABLE_COMMENT) == 0;
	return MNL_CB_OK;
}

static gboolean read_table(HostlerHost *host, ForwardFamily family, ForwardTable *ours, GError **error)
{
	g_autoptr(NftTable) table = nftnl_table_alloc();
	ForwardRequest request;

	nftnl_table_set_str(table, NFTNL_TABLE_NAME, FORWARD_TABLE);
	nftnl_table_nlmsg_build_payload(forward_request_one(&request, family, NFT_MSG_GETTABLE), table);
	return host->ops->nft_dump(host, &request.header, each_table, ours, error);
}

/* Whether its rules are one each for a bridge. */
static gboolean is_of_bridges(const char *chain)
{
	return g_str_equal(chain, forward_places[FORWARD_PLACE_HAIRPIN].chain) ||
	       g_str_equal(chain, forward_places[FORWARD_PLACE_GUARD].chain);
}

static int each_lookup(const struct nlmsghdr *message, void *data)
{
	g_autoptr(NftRule) rule = nftnl_rule_alloc();
	g_autofree char *comment = NULL;
	GPtrArray *lookups = data;
	const char *chain;

	if (nftnl_rule_nlmsg_parse(message, rule) < 0) {
		g_ptr_array_add(lookups, g_strdup("unknown rule"));
		return MNL_CB_OK;
	}
	chain = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);
	comment = forward_rule_comment(rule);
	if (!is_of_bridges(chain))
		g_ptr_array_add(lookups, forward_lookup_text(chain, comment));
	return MNL_CB_OK;
}

static gboolean read_lookups(HostlerHost *host, ForwardFamily family, ForwardTable *ours, GError **error)
{
	g_autoptr(NftRule) rule = nftnl_rule_alloc();
	ForwardRequest request;

	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, FORWARD_TABLE);
	nftnl_rule_nlmsg_build_payload(forward_request_all(&request, family, NFT_MSG_GETRULE), rule);
	return host->ops->nft_dump(host, &request.header, each_lookup, ours->lookups, error);
}

/* --- chains --- */

typedef struct {
	ForwardPlace place;
	ForwardChain *chain;
} ChainReading;

static int each_chain(const struct nlmsghdr *message, void *data)
{
	g_autoptr(NftChain) chain = nftnl_chain_alloc();
	ChainReading *reading = data;

	if (nftnl_chain_nlmsg_parse(message, chain) == 0)
		reading->chain->present = nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM) &&
					  nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) ==
						  forward_places[reading->place].hook;
	return MNL_CB_OK;
}

static int each_rule(const struct nlmsghdr *message, void *data)
{
	g_autoptr(NftRule) rule = nftnl_rule_alloc();
	ChainReading *reading = data;

	g_ptr_array_add(reading->chain->rules, nftnl_rule_nlmsg_parse(message, rule) == 0 ?
						       forward_rule_read(rule, reading->place) :
						       forward_rule_unknown());
	return MNL_CB_OK;
}

static gboolean read_chain(HostlerHost *host, ForwardFamily family, ForwardPlace place, ForwardChain *chain,
			   GError **error)
{
	const ForwardPlaceInfo *info = &forward_places[place];
	g_autoptr(NftChain) named = nftnl_chain_alloc();
	g_autoptr(NftRule) rule = nftnl_rule_alloc();
	ChainReading reading = { place, chain };
	ForwardRequest request;

	nftnl_chain_set_str(named, NFTNL_CHAIN_TABLE, info->table);
	nftnl_chain_set_str(named, NFTNL_CHAIN_NAME, info->chain);
	nftnl_chain_nlmsg_build_payload(forward_request_one(&request, family, NFT_MSG_GETCHAIN), named);
	if (!host->ops->nft_dump(host, &request.header, each_chain, &reading, error))
		return FALSE;
	if (!chain->present)
		return TRUE;
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, info->table);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, info->chain);
	nftnl_rule_nlmsg_build_payload(forward_request_all(&request, family, NFT_MSG_GETRULE), rule);
	return host->ops->nft_dump(host, &request.header, each_rule, &reading, error);
}

/* --- all of it --- */

static gboolean read_own(HostlerHost *host, ForwardFamily family, ForwardTable *ours, const GArray *keys,
			 GError **error)
{
	if (!read_table(host, family, ours, error))
		return FALSE;
	if (!ours->is_ours)
		return TRUE;
	return read_lookups(host, family, ours, error) && forward_sets_read(host, family, ours, keys, error) &&
	       read_chain(host, family, FORWARD_PLACE_HAIRPIN, &ours->chains[FORWARD_PLACE_HAIRPIN], error) &&
	       read_chain(host, family, FORWARD_PLACE_GUARD, &ours->chains[FORWARD_PLACE_GUARD], error);
}

static gboolean read_family(HostlerHost *host, ForwardFamily family, ForwardTable *ours, const GArray *keys,
			    GError **error)
{
	return read_own(host, family, ours, keys, error) &&
	       read_chain(host, family, FORWARD_PLACE_FILTER, &ours->chains[FORWARD_PLACE_FILTER], error) &&
	       read_chain(host, family, FORWARD_PLACE_LIBVIRT, &ours->chains[FORWARD_PLACE_LIBVIRT], error);
}

ForwardRuleset *forward_ruleset_read_tables(HostlerHost *host, GError **error)
{
	g_autoptr(ForwardRuleset) ruleset = forward_ruleset_new();

	if (!read_generation(host, &ruleset->generation, error))
		return NULL;
	for (ForwardFamily family = 0; family < FORWARD_N_FAMILIES; family++) {
		if (!read_table(host, family, &ruleset->tables[family], error))
			return NULL;
	}
	return g_steal_pointer(&ruleset);
}

static ForwardRuleset *read_once(HostlerHost *host, const ForwardDesired *keys, GError **error)
{
	g_autoptr(ForwardRuleset) ruleset = forward_ruleset_new();

	if (!read_generation(host, &ruleset->generation, error))
		return NULL;
	for (ForwardFamily family = 0; family < FORWARD_N_FAMILIES; family++) {
		const GArray *some = keys != NULL ? keys->tables[family].elements : NULL;

		if (!read_family(host, family, &ruleset->tables[family], some, error))
			return NULL;
	}
	return g_steal_pointer(&ruleset);
}

ForwardRuleset *forward_ruleset_read(HostlerHost *host, const ForwardDesired *keys, GError **error)
{
	for (guint i = 0; i < TRIES; i++) {
		g_autoptr(ForwardRuleset) ruleset = read_once(host, keys, error);
		guint32 generation;

		if (ruleset == NULL || !read_generation(host, &generation, error)) {
			g_prefix_error(error, "cannot read nf_tables: ");
			return NULL;
		}
		if (generation == ruleset->generation)
			return g_steal_pointer(&ruleset);
	}
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_STALE,
		    "nf_tables did not stand still for a moment; see who changes it with: nft monitor");
	return NULL;
}
