/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As much of nf_tables as decides who has a port: tables, sets, and the elements of the
 * sets named `taken_...`. Rules and maps are accepted and forgotten. */
#include "model.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define REMEMBERED_SETS "taken_"

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

/* "" when it is not named. */
static const char *text_of(const struct nlmsghdr *message, guint16 type)
{
	const struct nlattr *attribute = find(message, type);

	return attribute != NULL ? mnl_attr_get_str(attribute) : "";
}

/* --- what is there is kept by its family, its kind, the name of its set and its key --- */

typedef enum { KIND_TABLE, KIND_SET, KIND_ELEMENT } Kind;

static GByteArray *key_begin(guint8 family, Kind kind, const char *set)
{
	const guint8 head[] = { family, (guint8)kind };
	GByteArray *bytes = g_byte_array_new();

	g_byte_array_append(bytes, head, sizeof(head));
	return g_byte_array_append(bytes, (const guint8 *)set, (guint)strlen(set) + 1);
}

static GBytes *key_new(guint8 family, Kind kind, const char *set)
{
	return g_byte_array_free_to_bytes(key_begin(family, kind, set));
}

static gboolean is_of(gpointer key, guint8 family, Kind kind, const char *set)
{
	g_autoptr(GBytes) begin = key_new(family, kind, set);
	gsize length = g_bytes_get_size(begin);

	return g_bytes_get_size(key) >= length &&
	       memcmp(g_bytes_get_data(key, NULL), g_bytes_get_data(begin, NULL), length) == 0;
}

/* --- elements; one with what ends it is an interval --- */

static gboolean is_end(const struct nlattr *element)
{
	const struct nlattr *flags = find_nested(element, NFTA_SET_ELEM_FLAGS);

	return flags != NULL && (ntohl(mnl_attr_get_u32(flags)) & NFT_SET_ELEM_INTERVAL_END) != 0;
}

/* The next in the list if it is where this one ends, or NULL. */
static const struct nlattr *end_of(const struct nlattr *list, const struct nlattr *element)
{
	const struct nlattr *next = mnl_attr_next(element);
	gssize left = (const char *)list + list->nla_len - (const char *)next;

	return mnl_attr_ok(next, (int)left) && is_end(next) ? next : NULL;
}

static void append_key(GByteArray *bytes, const struct nlattr *element)
{
	const struct nlattr *key = find_nested(find_nested(element, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE);

	g_byte_array_append(bytes, mnl_attr_get_payload(key), mnl_attr_get_payload_len(key));
}

static GBytes *element_key(guint8 family, const char *set, const struct nlattr *element, const struct nlattr *end)
{
	GByteArray *bytes = key_begin(family, KIND_ELEMENT, set);

	append_key(bytes, element);
	if (end != NULL)
		append_key(bytes, end);
	return g_byte_array_free_to_bytes(bytes);
}

static guint number_at(const guint8 *bytes)
{
	return (guint)bytes[0] << 8 | bytes[1];
}

/* Of keys in the same set, from `at` on: intervals of ports that share one. */
static gboolean overlap(GBytes *a, GBytes *b, gsize at)
{
	const guint8 *x = (const guint8 *)g_bytes_get_data(a, NULL) + at;
	const guint8 *y = (const guint8 *)g_bytes_get_data(b, NULL) + at;
	gsize x_length = g_bytes_get_size(a) - at, y_length = g_bytes_get_size(b) - at;
	guint x_end = x_length == 4 ? number_at(x + 2) : 65536;
	guint y_end = y_length == 4 ? number_at(y + 2) : 65536;

	return x_length <= 4 && y_length <= 4 && number_at(x) < y_end && number_at(y) < x_end;
}

static gboolean is_free(GHashTable *there, guint8 family, const char *set, GBytes *key)
{
	GHashTableIter iter;
	gpointer other;

	if (g_hash_table_contains(there, key))
		return FALSE;
	g_hash_table_iter_init(&iter, there);
	while (g_hash_table_iter_next(&iter, &other, NULL)) {
		if (is_of(other, family, KIND_ELEMENT, set) && overlap(other, key, 2 + strlen(set) + 1))
			return FALSE;
	}
	return TRUE;
}

/* --- a batch --- */

static GBytes *attributes_of(const struct nlattr *element, const struct nlattr *end)
{
	const struct nlattr *last = end != NULL ? end : element;

	return g_bytes_new(element, (gsize)((const char *)last + MNL_ALIGN(last->nla_len) - (const char *)element));
}

static gboolean put_elements(GHashTable *there, const struct nlmsghdr *message, gboolean add)
{
	const struct nlattr *list = find(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	const char *set = text_of(message, NFTA_SET_ELEM_LIST_SET);
	const struct nlattr *element;
	gboolean is_new = TRUE;

	if (list == NULL || !g_str_has_prefix(set, REMEMBERED_SETS))
		return TRUE;
	mnl_attr_for_each_nested(element, list) {
		const struct nlattr *end = end_of(list, element);
		g_autoptr(GBytes) key = NULL;

		if (is_end(element))
			continue;
		key = element_key(family_of(message), set, element, end);
		is_new &= !add || is_free(there, family_of(message), set, key);
		if (add)
			g_hash_table_insert(there, g_steal_pointer(&key), attributes_of(element, end));
		else
			g_hash_table_remove(there, key);
	}
	return is_new;
}

static gboolean is_of_family(gpointer key, gpointer value, gpointer family)
{
	return *(const guint8 *)g_bytes_get_data(key, NULL) == GPOINTER_TO_UINT(family);
}

/* FALSE: it is there already. */
static gboolean put(GHashTable *there, const struct nlmsghdr *message, Kind kind, const char *set)
{
	return g_hash_table_insert(there, key_new(family_of(message), kind, set),
				   g_bytes_new(message, message->nlmsg_len));
}

static gboolean apply(GHashTable *there, const struct nlmsghdr *message)
{
	switch (NFNL_MSG_TYPE(message->nlmsg_type)) {
	case NFT_MSG_NEWTABLE:
		return put(there, message, KIND_TABLE, "");
	case NFT_MSG_NEWSET:
		return put(there, message, KIND_SET, text_of(message, NFTA_SET_NAME));
	case NFT_MSG_DELTABLE:
		g_hash_table_foreach_remove(there, is_of_family, GUINT_TO_POINTER(family_of(message)));
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

static void say_element(GBytes *attributes, guint8 family, const char *set, FakeEach each, gpointer data)
{
	char buffer[1024] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *answer = answer_new(buffer, NFT_MSG_NEWSETELEM, family);
	gsize length = g_bytes_get_size(attributes);
	struct nlattr *list;

	mnl_attr_put_strz(answer, NFTA_SET_ELEM_LIST_SET, set);
	list = mnl_attr_nest_start(answer, NFTA_SET_ELEM_LIST_ELEMENTS);
	memcpy(mnl_nlmsg_get_payload_tail(answer), g_bytes_get_data(attributes, NULL), length);
	answer->nlmsg_len += (guint32)length;
	mnl_attr_nest_end(answer, list);
	each(answer, data);
}

/* Those at the keys that are asked for. */
static void say_some(FakeHost *fake, const struct nlmsghdr *request, const struct nlattr *list, FakeEach each,
		     gpointer data)
{
	const char *set = text_of(request, NFTA_SET_ELEM_LIST_SET);
	const struct nlattr *asked;

	mnl_attr_for_each_nested(asked, list) {
		g_autoptr(GBytes) key = element_key(family_of(request), set, asked, NULL);
		GBytes *attributes = g_hash_table_lookup(fake->nft, key);

		if (attributes != NULL)
			say_element(attributes, family_of(request), set, each, data);
	}
}

static void say_elements(FakeHost *fake, const struct nlmsghdr *request, FakeEach each, gpointer data)
{
	const char *set = text_of(request, NFTA_SET_ELEM_LIST_SET);
	GHashTableIter iter;
	gpointer key, attributes;

	g_hash_table_iter_init(&iter, fake->nft);
	while (g_hash_table_iter_next(&iter, &key, &attributes)) {
		if (is_of(key, family_of(request), KIND_ELEMENT, set))
			say_element(attributes, family_of(request), set, each, data);
	}
}

/* Tables, or sets, as they were told to us. */
static void say_all(FakeHost *fake, guint8 family, Kind kind, FakeEach each, gpointer data)
{
	GHashTableIter iter;
	gpointer key, message;

	g_hash_table_iter_init(&iter, fake->nft);
	while (g_hash_table_iter_next(&iter, &key, &message)) {
		const guint8 *head = g_bytes_get_data(key, NULL);

		if (head[0] == family && head[1] == kind)
			each(g_bytes_get_data(message, NULL), data);
	}
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
	const struct nlattr *list = find(request, NFTA_SET_ELEM_LIST_ELEMENTS);

	if (NFNL_SUBSYS_ID(request->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
		return;
	switch (NFNL_MSG_TYPE(request->nlmsg_type)) {
	case NFT_MSG_GETGEN:
		say_generation(fake, each, data);
		return;
	case NFT_MSG_GETTABLE:
		say_all(fake, family_of(request), KIND_TABLE, each, data);
		return;
	case NFT_MSG_GETSET:
		say_all(fake, family_of(request), KIND_SET, each, data);
		return;
	case NFT_MSG_GETSETELEM:
		if (list != NULL)
			say_some(fake, request, list, each, data);
		else
			say_elements(fake, request, each, data);
		return;
	default:
		return;
	}
}
