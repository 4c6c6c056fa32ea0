/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As much of nf_tables as decides who has a port: tables, and the elements of the
 * sets named `taken`. Rules and maps are accepted and forgotten. */
#include "model.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define REMEMBERED_SET "taken"

/* What is there is kept by a key of "FAMILY" (tables) or "FAMILY KEY" (elements). */
static GBytes *key_new(guint8 family, const struct nlattr *key)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	g_byte_array_append(bytes, &family, 1);
	if (key != NULL)
		g_byte_array_append(bytes, mnl_attr_get_payload(key), mnl_attr_get_payload_len(key));
	return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

static const struct nlattr *find(const struct nlmsghdr *message, guint16 type)
{
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attribute) == type)
			return attribute;
	}
	return NULL;
}

static const struct nlattr *find_nested(const struct nlattr *nest, guint16 type)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, nest) {
		if (mnl_attr_get_type(attribute) == type)
			return attribute;
	}
	return NULL;
}

static guint8 family_of(const struct nlmsghdr *message)
{
	return ((const struct nfgenmsg *)mnl_nlmsg_get_payload(message))->nfgen_family;
}

static gboolean names(const struct nlmsghdr *message, guint16 type, const char *name)
{
	const struct nlattr *attribute = find(message, type);

	return attribute != NULL && g_str_equal(mnl_attr_get_str(attribute), name);
}

/* --- a batch --- */

static gboolean is_of_family(gpointer key, gpointer value, gpointer family)
{
	return *(const guint8 *)g_bytes_get_data(key, NULL) == GPOINTER_TO_UINT(family);
}

/* FALSE: it is there already. */
static gboolean put(GHashTable *there, guint8 family, const struct nlattr *key, gconstpointer data, gsize length)
{
	return g_hash_table_insert(there, key_new(family, key), g_bytes_new(data, length));
}

static gboolean put_elements(GHashTable *there, const struct nlmsghdr *message, gboolean add)
{
	const struct nlattr *list = find(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	const struct nlattr *element;
	gboolean is_new = TRUE;

	if (list == NULL || !names(message, NFTA_SET_ELEM_LIST_SET, REMEMBERED_SET))
		return TRUE;
	mnl_attr_for_each_nested(element, list) {
		const struct nlattr *key = find_nested(find_nested(element, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE);
		g_autoptr(GBytes) whole = key_new(family_of(message), key);

		if (add)
			is_new &= put(there, family_of(message), key, element, element->nla_len);
		else
			g_hash_table_remove(there, whole);
	}
	return is_new;
}

static gboolean apply(GHashTable *there, const struct nlmsghdr *message)
{
	guint8 family = family_of(message);

	switch (NFNL_MSG_TYPE(message->nlmsg_type)) {
	case NFT_MSG_NEWTABLE:
		return put(there, family, NULL, message, message->nlmsg_len);
	case NFT_MSG_DELTABLE:
		g_hash_table_foreach_remove(there, is_of_family, GUINT_TO_POINTER(family));
		return TRUE;
	case NFT_MSG_NEWSETELEM:
	case NFT_MSG_DELSETELEM:
		return put_elements(there, message, NFNL_MSG_TYPE(message->nlmsg_type) == NFT_MSG_NEWSETELEM);
	default:
		return TRUE;
	}
}

static void copy(gpointer key, gpointer value, gpointer to)
{
	g_hash_table_insert(to, g_bytes_ref(key), g_bytes_ref(value));
}

GHashTable *fake_nft_new(void)
{
	return g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref,
				     (GDestroyNotify)g_bytes_unref);
}

gboolean fake_nft_commit(FakeHost *fake, const void *batch, gsize length)
{
	g_autoptr(GHashTable) there = fake_nft_new();
	const struct nlmsghdr *message = batch;
	int left = (int)length;

	g_hash_table_foreach(fake->nft, copy, there);
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		if (NFNL_SUBSYS_ID(message->nlmsg_type) == NFNL_SUBSYS_NFTABLES && !apply(there, message))
			return FALSE;
	}
	g_hash_table_unref(fake->nft);
	fake->nft = g_steal_pointer(&there);
	return TRUE;
}

/* --- a dump --- */

static struct nlmsghdr *answer_new(char *buffer, guint16 type, guint8 family)
{
	struct nlmsghdr *answer = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *head;

	answer->nlmsg_type = (guint16)(NFNL_SUBSYS_NFTABLES << 8 | type);
	head = mnl_nlmsg_put_extra_header(answer, sizeof(*head));
	head->nfgen_family = family;
	return answer;
}

static void say_element(GBytes *element, guint8 family, FakeEach each, gpointer data)
{
	char buffer[1024] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *answer = answer_new(buffer, NFT_MSG_NEWSETELEM, family);
	struct nlattr *list, *one;
	const struct nlattr *kept = g_bytes_get_data(element, NULL);

	mnl_attr_put_strz(answer, NFTA_SET_ELEM_LIST_SET, REMEMBERED_SET);
	list = mnl_attr_nest_start(answer, NFTA_SET_ELEM_LIST_ELEMENTS);
	one = mnl_attr_nest_start(answer, NFTA_LIST_ELEM);
	memcpy(mnl_nlmsg_get_payload_tail(answer), mnl_attr_get_payload(kept), mnl_attr_get_payload_len(kept));
	answer->nlmsg_len += MNL_ALIGN(mnl_attr_get_payload_len(kept));
	mnl_attr_nest_end(answer, one);
	mnl_attr_nest_end(answer, list);
	each(answer, data);
}

/* Those at the keys that are asked for. */
static void say_some(FakeHost *fake, guint8 family, const struct nlattr *list, FakeEach each, gpointer data)
{
	const struct nlattr *asked;

	mnl_attr_for_each_nested(asked, list) {
		const struct nlattr *key = find_nested(find_nested(asked, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE);
		g_autoptr(GBytes) whole = key_new(family, key);
		GBytes *element = g_hash_table_lookup(fake->nft, whole);

		if (element != NULL)
			say_element(element, family, each, data);
	}
}

static void say_elements(FakeHost *fake, guint8 family, FakeEach each, gpointer data)
{
	GHashTableIter iter;
	gpointer key, element;

	g_hash_table_iter_init(&iter, fake->nft);
	while (g_hash_table_iter_next(&iter, &key, &element)) {
		if (is_of_family(key, NULL, GUINT_TO_POINTER(family)) && g_bytes_get_size(key) > 1)
			say_element(element, family, each, data);
	}
}

static void say_set(FakeHost *fake, const struct nlmsghdr *request, FakeEach each, gpointer data)
{
	const struct nlattr *list = find(request, NFTA_SET_ELEM_LIST_ELEMENTS);

	if (list != NULL)
		say_some(fake, family_of(request), list, each, data);
	else
		say_elements(fake, family_of(request), each, data);
}

static void say_generation(FakeHost *fake, FakeEach each, gpointer data)
{
	char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *answer = answer_new(buffer, NFT_MSG_NEWGEN, 0);

	mnl_attr_put_u32(answer, NFTA_GEN_ID, htonl(fake->generation));
	each(answer, data);
}

void fake_nft_dump(FakeHost *fake, const struct nlmsghdr *request, FakeEach each, gpointer data)
{
	guint8 family = family_of(request);
	g_autoptr(GBytes) key = key_new(family, NULL);
	GBytes *table = g_hash_table_lookup(fake->nft, key);

	if (NFNL_SUBSYS_ID(request->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
		return;
	switch (NFNL_MSG_TYPE(request->nlmsg_type)) {
	case NFT_MSG_GETGEN:
		say_generation(fake, each, data);
		return;
	case NFT_MSG_GETTABLE:
		if (table != NULL)
			each(g_bytes_get_data(table, NULL), data);
		return;
	case NFT_MSG_GETSETELEM:
		if (names(request, NFTA_SET_ELEM_LIST_SET, REMEMBERED_SET))
			say_set(fake, request, each, data);
		return;
	default:
		return;
	}
}
