/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes as netlink messages. Pure. */
#include "plugins/forward/batch.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "plugins/forward/compose.h"
#include "plugins/forward/element.h"
#include "plugins/forward/set.h"

/* A list of elements is one attribute, whose length has 16 bits. */
#define LONGEST_LIST (G_MAXUINT16 - FORWARD_ELEMENT_BYTES)
#define LARGEST_MESSAGE (128 * 1024)

typedef struct {
	GByteArray *bytes;
	guint32 sequence;
	guint16 family; /* of the change at hand */
	char *scratch;
} Batch;

static struct nlmsghdr *open_message(Batch *batch, guint16 type, guint16 flags)
{
	return nftnl_nlmsg_build_hdr(batch->scratch, type, batch->family, flags, batch->sequence++);
}

static void close_message(Batch *batch, const struct nlmsghdr *message)
{
	g_byte_array_append(batch->bytes, (const guint8 *)message, MNL_ALIGN(message->nlmsg_len));
}

static void put_begin(Batch *batch, guint32 generation)
{
	struct nlmsghdr *message = nftnl_batch_begin(batch->scratch, batch->sequence++);

	mnl_attr_put_u32(message, NFNL_BATCH_GENID, htonl(generation));
	close_message(batch, message);
}

static void put_end(Batch *batch)
{
	close_message(batch, nftnl_batch_end(batch->scratch, batch->sequence++));
}

static void put_rule(Batch *batch, struct nftnl_rule *rule, guint16 type, guint16 flags)
{
	struct nlmsghdr *message = open_message(batch, type, flags);

	nftnl_rule_nlmsg_build_payload(message, rule);
	close_message(batch, message);
	nftnl_rule_free(rule);
}

static void put_deleted_rule(Batch *batch, const ForwardChange *change)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, forward_places[change->place].table);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, forward_places[change->place].chain);
	nftnl_rule_set_u64(rule, NFTNL_RULE_HANDLE, change->handle);
	put_rule(batch, rule, NFT_MSG_DELRULE, 0);
}

/* --- table --- */

static void put_table(Batch *batch, guint16 type, guint16 flags)
{
	struct nlmsghdr *message = open_message(batch, type, flags);
	struct nftnl_table *table = forward_table_new(type == NFT_MSG_NEWTABLE);

	nftnl_table_nlmsg_build_payload(message, table);
	close_message(batch, message);
	nftnl_table_free(table);
}

static void put_chain(Batch *batch, struct nftnl_chain *chain)
{
	struct nlmsghdr *message;

	if (chain == NULL)
		return;
	message = open_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
	nftnl_chain_nlmsg_build_payload(message, chain);
	close_message(batch, message);
	nftnl_chain_free(chain);
}

static void put_set(Batch *batch, ForwardFamily family, ForwardSet set, guint n_ports)
{
	struct nlmsghdr *message = open_message(batch, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);
	struct nftnl_set *empty = forward_set_new(family, set, n_ports);

	nftnl_set_nlmsg_build_payload(message, empty);
	close_message(batch, message);
	nftnl_set_free(empty);
}

static void put_whole_table(Batch *batch, ForwardFamily family, guint features, guint n_ports)
{
	put_table(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
	for (guint i = 0; i < FORWARD_N_CHAINS; i++)
		put_chain(batch, forward_chain_new(i, features));
	for (ForwardSet set = 0; set < FORWARD_N_SETS; set++) {
		if ((forward_sets[set].features & ~features) == 0)
			put_set(batch, family, set, n_ports);
	}
	for (guint i = 0; i < FORWARD_N_LOOKUPS; i++) {
		if (forward_lookup_is_there(&forward_lookups[i], features))
			put_rule(batch, forward_lookup_new(family, &forward_lookups[i]), NFT_MSG_NEWRULE,
				 NLM_F_CREATE | NLM_F_APPEND);
	}
}

/* --- elements: as many in one message as it takes --- */

static gboolean are_alike(const ForwardChange *first, const ForwardChange *change)
{
	return change->kind == first->kind && change->family == first->family &&
	       change->element->set == first->element->set;
}

static guint put_elements(Batch *batch, const ForwardChange *first, guint n)
{
	gboolean is_deletion = first->kind == FORWARD_DELETE_ELEMENT;
	struct nlmsghdr *message = is_deletion ?
		open_message(batch, NFT_MSG_DELSETELEM, 0) :
		open_message(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *list;
	guint i = 0;

	forward_set_put_name(message, first->element->set);
	list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	do
		forward_element_put(message, first[i].element, first->family, is_deletion);
	while (++i < n && are_alike(first, &first[i]) && message->nlmsg_len < LONGEST_LIST);
	mnl_attr_nest_end(message, list);
	close_message(batch, message);
	return i;
}

/* Returns how many changes it took. */
static guint put_changes(Batch *batch, const ForwardChange *change, guint n)
{
	batch->family = forward_families[change->family].family;
	switch (change->kind) {
	case FORWARD_DELETE_RULE:
		put_deleted_rule(batch, change);
		return 1;
	case FORWARD_DELETE_TABLE:
		put_table(batch, NFT_MSG_DELTABLE, 0);
		return 1;
	case FORWARD_ADD_TABLE:
		put_whole_table(batch, change->family, change->features, change->n_ports);
		return 1;
	case FORWARD_DELETE_ELEMENT:
	case FORWARD_ADD_ELEMENT:
		return put_elements(batch, change, n);
	case FORWARD_INSERT_RULE:
		/* Without NLM_F_APPEND and a position: at the head. */
		put_rule(batch,
			 forward_mark_rule_new(change->family, change->place, change->way, change->bridge),
			 NFT_MSG_NEWRULE, NLM_F_CREATE);
		return 1;
	}
	g_return_val_if_reached(n);
}

GByteArray *forward_batch(const GArray *changes, guint32 generation)
{
	g_autofree char *scratch = g_malloc0(LARGEST_MESSAGE);
	Batch batch = { .bytes = g_byte_array_new(), .scratch = scratch };

	put_begin(&batch, generation);
	for (guint i = 0; i < changes->len;)
		i += put_changes(&batch, &g_array_index(changes, ForwardChange, i), changes->len - i);
	put_end(&batch);
	return batch.bytes;
}
