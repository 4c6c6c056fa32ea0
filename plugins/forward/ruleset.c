/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dumps of nf_tables read into one struct. */
#include "plugins/forward/ruleset.h"

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/gen.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "hostler/error.h"
#include "plugins/forward/comment.h"
#include "plugins/forward/element.h"

/* Somebody who changes nf_tables all the time does not keep us here for ever. */
#define TRIES 8

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ForwardRule, forward_rule_free)

typedef struct nftnl_table NftTable;
typedef struct nftnl_chain NftChain;
typedef struct nftnl_rule NftRule;
typedef struct nftnl_set NftSet;
typedef struct nftnl_gen NftGeneration;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftTable, nftnl_table_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftChain, nftnl_chain_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftRule, nftnl_rule_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftSet, nftnl_set_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftGeneration, nftnl_gen_free)

/* Room for a request that names a table and a chain or a set. */
typedef union {
	struct nlmsghdr header;
	char bytes[512];
} Request;

ForwardRuleset *forward_ruleset_new(void)
{
	ForwardRuleset *ruleset = g_new0(ForwardRuleset, 1);

	ruleset->lookups = g_ptr_array_new_with_free_func(g_free);
	ruleset->elements = g_array_new(FALSE, TRUE, sizeof(ForwardElement));
	for (guint i = 0; i < FORWARD_N_PLACES; i++)
		ruleset->chains[i].rules = g_ptr_array_new_with_free_func((GDestroyNotify)forward_rule_free);
	return ruleset;
}

void forward_ruleset_free(ForwardRuleset *ruleset)
{
	g_ptr_array_unref(ruleset->lookups);
	g_array_unref(ruleset->elements);
	for (guint i = 0; i < FORWARD_N_PLACES; i++)
		g_ptr_array_unref(ruleset->chains[i].rules);
	g_free(ruleset);
}

/* A single object is answered without a dump, and its end is the acknowledgement. */
static struct nlmsghdr *request_one(Request *request, guint16 type)
{
	return nftnl_nlmsg_build_hdr(request->bytes, type, NFPROTO_IPV4, NLM_F_ACK, 0);
}

static struct nlmsghdr *request_all(Request *request, guint16 type)
{
	return nftnl_nlmsg_build_hdr(request->bytes, type, NFPROTO_IPV4, NLM_F_DUMP, 0);
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
	Request request;

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
	ForwardRuleset *ruleset = data;
	const guint8 *userdata;
	guint32 length = 0;

	ruleset->has_table = TRUE;
	if (nftnl_table_nlmsg_parse(message, table) < 0)
		return MNL_CB_OK;
	userdata = nftnl_table_get_data(table, NFTNL_TABLE_USERDATA, &length);
	if (userdata != NULL)
		comment = forward_comment_read(userdata, length);
	ruleset->is_ours = g_strcmp0(comment, FORWARD_TABLE_COMMENT) == 0;
	return MNL_CB_OK;
}

static gboolean read_table(HostlerHost *host, ForwardRuleset *ruleset, GError **error)
{
	g_autoptr(NftTable) table = nftnl_table_alloc();
	Request request;

	nftnl_table_set_str(table, NFTNL_TABLE_NAME, FORWARD_TABLE);
	nftnl_table_nlmsg_build_payload(request_one(&request, NFT_MSG_GETTABLE), table);
	return host->ops->nft_dump(host, &request.header, each_table, ruleset, error);
}

static int each_lookup(const struct nlmsghdr *message, void *data)
{
	const char *hairpin = forward_places[FORWARD_PLACE_HAIRPIN].chain;
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
	if (!g_str_equal(chain, hairpin))
		g_ptr_array_add(lookups, forward_lookup_text(chain, comment));
	return MNL_CB_OK;
}

static gboolean read_lookups(HostlerHost *host, ForwardRuleset *ruleset, GError **error)
{
	g_autoptr(NftRule) rule = nftnl_rule_alloc();
	Request request;

	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, FORWARD_TABLE);
	nftnl_rule_nlmsg_build_payload(request_all(&request, NFT_MSG_GETRULE), rule);
	return host->ops->nft_dump(host, &request.header, each_lookup, ruleset->lookups, error);
}

/* --- elements --- */

static int each_element(struct nftnl_set_elem *from, void *data)
{
	ForwardElement element = { 0 };
	GArray *elements = data;

	if (forward_element_read(from, &element))
		g_array_append_val(elements, element);
	return 0;
}

static int each_elements(const struct nlmsghdr *message, void *data)
{
	g_autoptr(NftSet) set = nftnl_set_alloc();

	if (nftnl_set_elems_nlmsg_parse(message, set) == 0)
		nftnl_set_elem_foreach(set, each_element, data);
	return MNL_CB_OK;
}

static gboolean read_map(HostlerHost *host, gboolean by_address, ForwardRuleset *ruleset, GError **error)
{
	g_autoptr(NftSet) set = nftnl_set_alloc();
	Request request;

	nftnl_set_set_str(set, NFTNL_SET_TABLE, FORWARD_TABLE);
	nftnl_set_set_str(set, NFTNL_SET_NAME, forward_map_name(by_address));
	nftnl_set_elems_nlmsg_build_payload(request_all(&request, NFT_MSG_GETSETELEM), set);
	return host->ops->nft_dump(host, &request.header, each_elements, ruleset->elements, error);
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

static gboolean read_chain(HostlerHost *host, ForwardPlace place, ForwardChain *chain, GError **error)
{
	const ForwardPlaceInfo *info = &forward_places[place];
	g_autoptr(NftChain) named = nftnl_chain_alloc();
	g_autoptr(NftRule) rule = nftnl_rule_alloc();
	ChainReading reading = { place, chain };
	Request request;

	nftnl_chain_set_str(named, NFTNL_CHAIN_TABLE, info->table);
	nftnl_chain_set_str(named, NFTNL_CHAIN_NAME, info->chain);
	nftnl_chain_nlmsg_build_payload(request_one(&request, NFT_MSG_GETCHAIN), named);
	if (!host->ops->nft_dump(host, &request.header, each_chain, &reading, error))
		return FALSE;
	if (!chain->present)
		return TRUE;
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, info->table);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, info->chain);
	nftnl_rule_nlmsg_build_payload(request_all(&request, NFT_MSG_GETRULE), rule);
	return host->ops->nft_dump(host, &request.header, each_rule, &reading, error);
}

/* --- all of it --- */

static gboolean looks_by_address(const ForwardRuleset *ruleset)
{
	for (guint i = 0; i < FORWARD_N_LOOKUPS; i++) {
		const ForwardLookup *lookup = &forward_lookups[i];
		g_autofree char *text = forward_lookup_text(lookup->chain, lookup->comment);

		if (lookup->by_address &&
		    g_ptr_array_find_with_equal_func(ruleset->lookups, text, g_str_equal, NULL))
			return TRUE;
	}
	return FALSE;
}

static gboolean read_own(HostlerHost *host, ForwardRuleset *ruleset, GError **error)
{
	if (!read_table(host, ruleset, error))
		return FALSE;
	if (!ruleset->is_ours)
		return TRUE;
	if (!read_lookups(host, ruleset, error) || !read_map(host, FALSE, ruleset, error) ||
	    (looks_by_address(ruleset) && !read_map(host, TRUE, ruleset, error)))
		return FALSE;
	g_array_sort(ruleset->elements, forward_element_compare);
	return read_chain(host, FORWARD_PLACE_HAIRPIN, &ruleset->chains[FORWARD_PLACE_HAIRPIN], error);
}

static ForwardRuleset *read_once(HostlerHost *host, GError **error)
{
	g_autoptr(ForwardRuleset) ruleset = forward_ruleset_new();

	if (!read_generation(host, &ruleset->generation, error) || !read_own(host, ruleset, error) ||
	    !read_chain(host, FORWARD_PLACE_FILTER, &ruleset->chains[FORWARD_PLACE_FILTER], error) ||
	    !read_chain(host, FORWARD_PLACE_LIBVIRT, &ruleset->chains[FORWARD_PLACE_LIBVIRT], error))
		return NULL;
	return g_steal_pointer(&ruleset);
}

ForwardRuleset *forward_ruleset_read(HostlerHost *host, GError **error)
{
	for (guint i = 0; i < TRIES; i++) {
		g_autoptr(ForwardRuleset) ruleset = read_once(host, error);
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
