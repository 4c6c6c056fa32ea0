/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps as netlink messages, read back; and rules of a dump, ours and others'. */
#include <arpa/inet.h>
#include <glib.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "plugins/forward/batch.h"
#include "plugins/forward/comment.h"
#include "plugins/forward/compose.h"
#include "plugins/forward/element.h"
#include "plugins/forward/set.h"

#define UUID "11111111-0000-0000-0000-000000000001"

static ForwardElement new_element(const char *address, guint16 port)
{
	ForwardElement element = {
		.set = address != NULL ? FORWARD_SET_ADDRESS_PORTS : FORWARD_SET_PORTS, .last_port = port,
		.protocol = IPPROTO_TCP, .port = port, .guest_port = (guint16)(port + 1), .uuid = UUID
	};

	if (address != NULL)
		g_assert_true(forward_address_read(address, &element.address));
	g_assert_true(forward_address_read("192.168.122.10", &element.guest));
	return element;
}

static void add_element(GArray *changes, const ForwardElement *element)
{
	ForwardChange change = { .kind = FORWARD_ADD_ELEMENT, .element = element };

	g_array_append_val(changes, change);
}

/* "begin newtable ... end"; checks on the way that the messages follow one another. */
static char *outline(const GByteArray *batch)
{
	static const char *const names[] = {
		[NFT_MSG_NEWTABLE] = "newtable",     [NFT_MSG_DELTABLE] = "deltable",
		[NFT_MSG_NEWCHAIN] = "newchain",     [NFT_MSG_NEWRULE] = "newrule",
		[NFT_MSG_DELRULE] = "delrule",       [NFT_MSG_NEWSET] = "newset",
		[NFT_MSG_NEWSETELEM] = "newsetelem", [NFT_MSG_DELSETELEM] = "delsetelem",
	};
	const struct nlmsghdr *message = (gconstpointer)batch->data;
	int left = (int)batch->len;
	guint32 sequence = 0;
	g_autoptr(GString) text = g_string_new(NULL);

	while (mnl_nlmsg_ok(message, left)) {
		guint type = NFNL_MSG_TYPE(message->nlmsg_type);

		g_assert_cmpuint(message->nlmsg_seq, ==, sequence++);
		g_assert_true(message->nlmsg_flags & NLM_F_REQUEST);
		if (message->nlmsg_type == NFNL_MSG_BATCH_BEGIN || message->nlmsg_type == NFNL_MSG_BATCH_END)
			g_string_append(text, message->nlmsg_type == NFNL_MSG_BATCH_BEGIN ? "begin" : " end");
		else
			g_string_append_printf(text, " %s", names[type]);
		message = mnl_nlmsg_next(message, &left);
	}
	g_assert_cmpint(left, ==, 0);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_outline(void)
{
	g_autoptr(GArray) changes = g_array_new(FALSE, TRUE, sizeof(ForwardChange));
	ForwardChange change = {
		.kind = FORWARD_DELETE_RULE, .place = FORWARD_PLACE_FILTER, .handle = 7, .bridge = "b"
	};
	ForwardElement element = new_element(NULL, 80);
	g_autoptr(GByteArray) batch = NULL;
	g_autofree char *text = NULL;

	g_array_append_val(changes, change);
	change.kind = FORWARD_DELETE_TABLE;
	g_array_append_val(changes, change);
	change.kind = FORWARD_ADD_TABLE;
	g_array_append_val(changes, change);
	add_element(changes, &element);
	change.kind = FORWARD_INSERT_RULE;
	g_array_append_val(changes, change);
	batch = forward_batch(changes, 1);
	text = outline(batch);
	g_assert_cmpstr(text, ==, "begin delrule deltable newtable newchain newchain newchain newchain "
				  "newset newset newset newset newset newrule newrule newrule newrule newrule newrule "
				  "newsetelem newrule end");
}

static void test_generation(void)
{
	g_autoptr(GArray) changes = g_array_new(FALSE, TRUE, sizeof(ForwardChange));
	g_autoptr(GByteArray) batch = forward_batch(changes, 0x01020304);
	const struct nlmsghdr *begin = (gconstpointer)batch->data;
	const struct nlattr *attribute = mnl_nlmsg_get_payload_offset(begin, sizeof(struct nfgenmsg));

	g_assert_cmpuint(begin->nlmsg_type, ==, NFNL_MSG_BATCH_BEGIN);
	g_assert_cmpuint(mnl_attr_get_type(attribute), ==, NFNL_BATCH_GENID);
	g_assert_cmphex(ntohl(mnl_attr_get_u32(attribute)), ==, 0x01020304);
}

static int check_element(struct nftnl_set_elem *from, void *data)
{
	GArray *seen = data;
	ForwardSet set = seen->len < 600 ? FORWARD_SET_PORTS : FORWARD_SET_ADDRESS_PORTS;
	ForwardElement element, expected;

	g_assert_true(forward_element_read(from, FORWARD_IP, set, &element));
	expected = new_element(element.port > 600 ? "192.0.2.7" : NULL, element.port);
	g_assert_true(forward_element_equal(&element, &expected));
	g_assert_cmpuint(element.port, ==, seen->len + 1);
	g_array_append_val(seen, element.port);
	return 0;
}

static void check_elements(const struct nlmsghdr *message, GArray *seen)
{
	struct nftnl_set *set = nftnl_set_alloc();

	g_assert_cmpint(nftnl_set_elems_nlmsg_parse(message, set), ==, 0);
	g_assert_cmpstr(nftnl_set_get_str(set, NFTNL_SET_NAME), ==, seen->len < 600 ? "ports" : "address_ports");
	nftnl_set_elem_foreach(set, check_element, seen);
	nftnl_set_free(set);
}

/* An attribute's length has 16 bits: long lists are cut, and no element is lost. */
static void test_many(void)
{
	g_autoptr(GArray) changes = g_array_new(FALSE, TRUE, sizeof(ForwardChange));
	g_autoptr(GArray) seen = g_array_new(FALSE, TRUE, sizeof(guint16));
	g_autofree ForwardElement *elements = g_new(ForwardElement, 1000);
	g_autoptr(GByteArray) batch = NULL;
	struct nlmsghdr *message;
	int left;

	for (guint port = 1; port <= 1000; port++) {
		elements[port - 1] = new_element(port > 600 ? "192.0.2.7" : NULL, (guint16)port);
		add_element(changes, &elements[port - 1]);
	}
	batch = forward_batch(changes, 1);
	left = (int)batch->len;
	for (message = (gpointer)batch->data; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		if (message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM))
			check_elements(message, seen);
	}
	g_assert_cmpuint(seen->len, ==, 1000);
}

typedef struct nftnl_set NftSet;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftSet, nftnl_set_free)

/* What libnftnl reads of a list of one element. */
static NftSet *parsed(const ForwardElement *element, ForwardFamily family, gboolean key_alone)
{
	char bytes[2 * FORWARD_ELEMENT_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(bytes, NFT_MSG_NEWSETELEM, NFPROTO_IPV4, 0, 0);
	NftSet *set = nftnl_set_alloc();
	struct nlattr *list;
	guint before;

	forward_set_put_name(message, element->set);
	list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	before = message->nlmsg_len;
	forward_element_put(message, element, family, key_alone);
	g_assert_cmpuint(message->nlmsg_len - before, <=, FORWARD_ELEMENT_BYTES);
	mnl_attr_nest_end(message, list);
	g_assert_cmpint(nftnl_set_elems_nlmsg_parse(message, set), ==, 0);
	g_assert_cmpstr(nftnl_set_get_str(set, NFTNL_SET_NAME), ==, forward_sets[element->set].name);
	return set;
}

static int take_first(struct nftnl_set_elem *element, void *data)
{
	struct nftnl_set_elem **first = data;

	if (*first == NULL)
		*first = element;
	return 0;
}

static struct nftnl_set_elem *first_of(NftSet *set)
{
	struct nftnl_set_elem *first = NULL;

	nftnl_set_elem_foreach(set, take_first, &first);
	g_assert_nonnull(first);
	return first;
}

/* One for each set; of each family there and back. */
static ForwardElement element_of(ForwardFamily family, ForwardSet set)
{
	const ForwardSetInfo *info = &forward_sets[set];
	gboolean is_ip6 = family == FORWARD_IP6;
	ForwardElement element = {
		.set = set, .protocol = info->spans_of != 0 ? info->spans_of : IPPROTO_SCTP, .port = 65534,
		.last_port = 65534, .uuid = UUID
	};

	if (info->by_address)
		g_assert_true(forward_address_read(is_ip6 ? "2001:db8::7" : "192.0.2.7", &element.address));
	if (info->by_source) {
		element.last_port = 65535;
		g_assert_true(forward_net_read(is_ip6 ? "2001:db8::/33" : "10.0.0.0/9", &element.source));
	}
	if (info->is_map) {
		g_assert_true(forward_address_read(is_ip6 ? "fd00::7" : "10.0.0.2", &element.guest));
		element.guest_port = 22;
	}
	if (forward_set_is_taken(set)) {
		element.connections = 5;
		element.bytes = G_GUINT64_CONSTANT(5000000000);
	}
	if (info->has_rate)
		g_strlcpy(element.rate, "1000000/d", sizeof(element.rate));
	return element;
}

static void test_element(void)
{
	for (guint i = 0; i < FORWARD_N_FAMILIES * FORWARD_N_SETS; i++) {
		ForwardFamily family = i % FORWARD_N_FAMILIES;
		ForwardSet set = i / FORWARD_N_FAMILIES;
		ForwardElement element = element_of(family, set), read, key;
		g_autoptr(NftSet) whole = parsed(&element, family, FALSE);
		g_autoptr(NftSet) alone = parsed(&element, family, TRUE);

		g_assert_true(forward_element_read(first_of(whole), family, set, &read));
		g_assert_true(forward_element_equal(&element, &read));
		g_assert_cmpuint(read.connections, ==, element.connections);
		g_assert_cmpuint(read.bytes, ==, element.bytes);
		g_assert_cmpint(forward_element_read(first_of(alone), family, set, &key), ==,
				!forward_sets[set].is_map);
	}
}

/* Elements that somebody else put into our maps. */
static void test_foreign_element(void)
{
	ForwardElement element = new_element(NULL, 1), read;
	g_autoptr(NftSet) set = parsed(&element, FORWARD_IP, FALSE);
	struct nftnl_set_elem *from = first_of(set);

	nftnl_set_elem_set(from, NFTNL_SET_ELEM_USERDATA, "\0\3no\0", 5);
	g_assert_true(forward_element_read(from, FORWARD_IP, FORWARD_SET_PORTS, &read));
	g_assert_cmpstr(read.uuid, ==, "");
	g_assert_false(forward_element_read(from, FORWARD_IP6, FORWARD_SET_PORTS, &read));
	g_assert_false(forward_element_read(from, FORWARD_IP, FORWARD_SET_TAKEN_TCP, &read));
	g_assert_false(forward_element_read(from, FORWARD_IP, FORWARD_SET_TAKEN_ADDRESS, &read));
	nftnl_set_elem_set(from, NFTNL_SET_ELEM_DATA, "1234", 4);
	g_assert_false(forward_element_read(from, FORWARD_IP, FORWARD_SET_PORTS, &read));
	nftnl_set_elem_set(from, NFTNL_SET_ELEM_DATA, "12345678", 8);
	nftnl_set_elem_set(from, NFTNL_SET_ELEM_KEY, "1234", 4);
	g_assert_false(forward_element_read(from, FORWARD_IP, FORWARD_SET_PORTS, &read));
}

static int add_edge(struct nftnl_set_elem *from, void *data)
{
	ForwardElement edge;

	g_assert_true(forward_element_read(from, FORWARD_IP, FORWARD_SET_TAKEN_UDP, &edge));
	g_array_append_val((GArray *)data, edge);
	return 0;
}

/* Spans as the kernel lists them, from the last to the first; the last port of all has no end there. */
static void test_spans(void)
{
	static const guint16 spans[][2] = { { 65535, 65535 }, { 91, 65534 }, { 90, 90 }, { 5, 89 }, { 1, 3 } };
	g_autoptr(GArray) edges = g_array_new(FALSE, TRUE, sizeof(ForwardElement));

	for (gsize i = 0; i < G_N_ELEMENTS(spans); i++) {
		ForwardElement span = element_of(FORWARD_IP, FORWARD_SET_TAKEN_UDP);
		g_autoptr(NftSet) set = NULL;

		span.port = spans[i][0];
		span.last_port = spans[i][1];
		set = parsed(&span, FORWARD_IP, FALSE);
		nftnl_set_elem_foreach(set, add_edge, edges);
	}
	g_assert_cmpuint(edges->len, ==, 9);
	forward_elements_join(edges, 0);
	g_assert_cmpuint(edges->len, ==, G_N_ELEMENTS(spans));
	for (gsize i = 0; i < G_N_ELEMENTS(spans); i++) {
		const ForwardElement *span = &g_array_index(edges, ForwardElement, G_N_ELEMENTS(spans) - 1 - i);

		g_assert_cmpuint(span->port, ==, spans[i][0]);
		g_assert_cmpuint(span->last_port, ==, spans[i][1]);
		g_assert_cmpstr(span->uuid, ==, UUID);
		g_assert_cmpint(span->protocol, ==, IPPROTO_UDP);
	}
}

/* What others made of the set: an end without a first port, as nft puts one at 0, and a first without an end. */
static void test_odd_spans(void)
{
	static const ForwardElement odd[] = { { .port = 9 }, { .port = 0, .is_end = TRUE }, { .port = 5 },
					      { .port = 3, .is_end = TRUE } };
	g_autoptr(GArray) edges = g_array_new(FALSE, TRUE, sizeof(ForwardElement));

	forward_elements_join(edges, 0);
	g_array_append_vals(edges, odd, G_N_ELEMENTS(odd));
	forward_elements_join(edges, 0);
	g_assert_cmpuint(edges->len, ==, 2);
	g_assert_cmpuint(g_array_index(edges, ForwardElement, 0).port, ==, 5);
	g_assert_cmpuint(g_array_index(edges, ForwardElement, 0).last_port, ==, 8);
	g_assert_cmpuint(g_array_index(edges, ForwardElement, 1).port, ==, 9);
	g_assert_cmpuint(g_array_index(edges, ForwardElement, 1).last_port, ==, 65535);
}

/* A set is ours by its name and by what it holds. */
static void test_same_set(void)
{
	for (ForwardSet set = 0; set < FORWARD_N_SETS; set++) {
		g_autoptr(NftSet) ours = forward_set_new(FORWARD_IP, set, 1024);

		for (ForwardSet other = 0; other < FORWARD_N_SETS; other++)
			g_assert_cmpint(forward_set_is(ours, FORWARD_IP, other), ==, set == other);
		nftnl_set_set_u32(ours, NFTNL_SET_KEY_LEN, 4);
		g_assert_false(forward_set_is(ours, FORWARD_IP, set));
	}
}

static int count_expression(struct nftnl_expr *expr, void *data)
{
	(*(guint *)data)++;
	return 0;
}

/* The kernel makes counters at 0 from the set's; those that have counted are said. */
static void test_counter(void)
{
	for (guint i = 0; i < 2 * FORWARD_N_SETS; i++) {
		ForwardElement element = element_of(FORWARD_IP, i / 2);
		g_autoptr(NftSet) set = NULL;
		guint n = 0;

		element.connections = element.bytes = i % 2;
		set = parsed(&element, FORWARD_IP, FALSE);
		nftnl_set_elem_expr_foreach(first_of(set), count_expression, &n);
		g_assert_cmpuint(n, ==, forward_sets[i / 2].has_rate || (forward_set_is_taken(i / 2) && i % 2 == 1));
	}
}

/* Only a map of many ports is told how many it is to hold. */
static void test_room(void)
{
	for (ForwardSet set = 0; set < FORWARD_N_SETS; set++) {
		for (guint n_ports = 1023; n_ports <= 1024; n_ports++) {
			g_autoptr(NftSet) empty = forward_set_new(FORWARD_IP, set, n_ports);

			g_assert_cmpint(nftnl_set_is_set(empty, NFTNL_SET_DESC_SIZE), ==,
					set == FORWARD_SET_PORTS && n_ports == 1024);
		}
	}
}

/* --- rules --- */

typedef struct nftnl_rule NftRule;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftRule, nftnl_rule_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ForwardRule, forward_rule_free)

static int add_name(struct nftnl_expr *expr, void *data)
{
	g_string_append_printf(data, "%s ", nftnl_expr_get_str(expr, NFTNL_EXPR_NAME));
	return 0;
}

/* A native ct expression in ip filter would make iptables refuse all of the table. */
static void test_own_rules(void)
{
	static const struct {
		ForwardPlace place;
		ForwardWay way;
		const char *expressions;
	} cases[] = {
		{ FORWARD_PLACE_FILTER, FORWARD_WAY_OUT, "meta cmp match counter immediate " },
		{ FORWARD_PLACE_FILTER, FORWARD_WAY_IN, "meta cmp match counter immediate " },
		{ FORWARD_PLACE_LIBVIRT, FORWARD_WAY_OUT, "meta cmp ct bitwise cmp counter immediate " },
		{ FORWARD_PLACE_LIBVIRT, FORWARD_WAY_IN, "meta cmp ct bitwise cmp counter immediate " },
		{ FORWARD_PLACE_HAIRPIN, FORWARD_WAY_BACK, "meta cmp meta cmp ct bitwise cmp masq " },
		{ FORWARD_PLACE_HAIRPIN, FORWARD_WAY_SELF, "meta cmp fib cmp meta cmp ct bitwise cmp masq " },
		{ FORWARD_PLACE_HAIRPIN, FORWARD_WAY_LOOPBACK, "payload cmp meta cmp ct bitwise cmp masq " },
		{ FORWARD_PLACE_GUARD, FORWARD_WAY_GUARD, "meta cmp payload cmp counter immediate " },
		{ FORWARD_PLACE_GUARD, FORWARD_WAY_GUARD_FROM, "meta cmp payload cmp counter immediate " },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(NftRule) rule = forward_mark_rule_new(FORWARD_IP, cases[i].place, cases[i].way, "virbr0");
		g_autoptr(ForwardRule) read = forward_rule_read(rule, cases[i].place);
		g_autoptr(GString) names = g_string_new(NULL);

		nftnl_expr_foreach(rule, add_name, names);
		g_assert_cmpstr(names->str, ==, cases[i].expressions);
		g_assert_cmpstr(read->bridge, ==, "virbr0");
		g_assert_cmpint(read->way, ==, cases[i].way);
		g_assert_true(read->is_sound);
		g_assert_cmpint(read->may_reject, ==, cases[i].place == FORWARD_PLACE_GUARD);
	}
}

static int check_lookup(struct nftnl_expr *expr, void *data)
{
	GString *text = data;
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);

	if (g_str_equal(name, "lookup"))
		g_string_append_printf(text, "%s from %u, ", nftnl_expr_get_str(expr, NFTNL_EXPR_LOOKUP_SET),
				       nftnl_expr_get_u32(expr, NFTNL_EXPR_LOOKUP_SREG) - NFT_REG32_00);
	else if (g_str_equal(name, "nat"))
		g_string_append_printf(text, "%u %u", nftnl_expr_get_u32(expr, NFTNL_EXPR_NAT_REG_ADDR_MIN) - NFT_REG32_00,
				       nftnl_expr_get_u32(expr, NFTNL_EXPR_NAT_REG_PROTO_MIN) - NFT_REG32_00);
	return 0;
}

/* Only what leads somewhere is counted, and the last rule leads what none has counted. */
static void test_leading_rules(void)
{
	static const char *const expected[] = {
		"address_ports from 0, taken_address from 8, 0 %u", "ports from 0, taken_tcp from 8, 0 %u",
		"ports from 0, taken_udp from 8, 0 %u", "ports from 0, taken_sctp from 8, 0 %u", "ports from 0, 0 %u",
	};
	guint n = 0;

	for (guint i = 0; i < FORWARD_N_FAMILIES * FORWARD_N_LOOKUPS; i++) {
		ForwardFamily family = i / FORWARD_N_LOOKUPS;
		const ForwardLookup *lookup = &forward_lookups[i % FORWARD_N_LOOKUPS];
		g_autoptr(NftRule) rule = forward_lookup_new(family, lookup);
		g_autoptr(GString) text = g_string_new(NULL), wanted = g_string_new(NULL);

		if (lookup->kind != FORWARD_RULE_DNAT)
			continue;
		nftnl_expr_foreach(rule, check_lookup, text);
		g_string_append(wanted, expected[n++ % G_N_ELEMENTS(expected)]);
		g_string_replace(wanted, "%u", family == FORWARD_IP ? "1" : "4", 0);
		g_assert_cmpstr(text->str, ==, wanted->str);
	}
	g_assert_cmpuint(n, ==, FORWARD_N_FAMILIES * G_N_ELEMENTS(expected));
}

/* What `nft -f` makes of our rule in ip filter when it reads a listing back. */
static void test_unsound_rule(void)
{
	g_autoptr(NftRule) rule = forward_mark_rule_new(FORWARD_IP, FORWARD_PLACE_LIBVIRT, FORWARD_WAY_OUT, "virbr0");
	g_autoptr(ForwardRule) read = forward_rule_read(rule, FORWARD_PLACE_FILTER);

	g_assert_cmpstr(read->bridge, ==, "virbr0");
	g_assert_false(read->is_sound);
}

static struct nftnl_expr *add(NftRule *rule, const char *name)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(name);

	nftnl_rule_add_expr(rule, expr);
	return expr;
}

static void set_comment(NftRule *rule, const char *comment)
{
	g_autoptr(ForwardUserdata) userdata = forward_comment_new(comment);

	nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(userdata), nftnl_udata_buf_len(userdata));
}

static gboolean verdict_may_reject(guint32 verdict)
{
	g_autoptr(NftRule) rule = nftnl_rule_alloc();
	g_autoptr(ForwardRule) read = NULL;
	struct nftnl_expr *expr = add(rule, "immediate");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, verdict);
	read = forward_rule_read(rule, FORWARD_PLACE_FILTER);
	g_assert_null(read->bridge);
	return read->may_reject;
}

static gboolean target_may_reject(const char *target)
{
	g_autoptr(NftRule) rule = nftnl_rule_alloc();
	g_autoptr(ForwardRule) read = NULL;

	nftnl_expr_set_str(add(rule, "target"), NFTNL_EXPR_TG_NAME, target);
	read = forward_rule_read(rule, FORWARD_PLACE_FILTER);
	return read->may_reject;
}

static void test_may_reject(void)
{
	static const char *const targets[] = { "REJECT", "NFQUEUE", "TARPIT", "SOMETHING-NEW" };

	g_assert_false(verdict_may_reject(1)); /* NF_ACCEPT */
	g_assert_true(verdict_may_reject(0));  /* NF_DROP */
	g_assert_true(verdict_may_reject((guint32)NFT_JUMP));
	g_assert_true(verdict_may_reject((guint32)NFT_GOTO));
	g_assert_false(target_may_reject("LOG"));
	g_assert_false(target_may_reject("TCPMSS"));
	for (gsize i = 0; i < G_N_ELEMENTS(targets); i++)
		g_assert_true(target_may_reject(targets[i]));
}

static void test_more_may_reject(void)
{
	g_autoptr(NftRule) logs = nftnl_rule_alloc();
	g_autoptr(NftRule) rejects = nftnl_rule_alloc();
	g_autoptr(NftRule) maps = nftnl_rule_alloc();
	g_autoptr(ForwardRule) log = NULL;
	g_autoptr(ForwardRule) reject = NULL;
	g_autoptr(ForwardRule) map = NULL;
	g_autoptr(ForwardRule) unknown = forward_rule_unknown();

	add(logs, "counter");
	add(logs, "log");
	log = forward_rule_read(logs, FORWARD_PLACE_LIBVIRT);
	g_assert_false(log->may_reject);
	add(rejects, "reject");
	reject = forward_rule_read(rejects, FORWARD_PLACE_LIBVIRT);
	g_assert_true(reject->may_reject);
	nftnl_expr_set_u32(add(maps, "lookup"), NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
	map = forward_rule_read(maps, FORWARD_PLACE_LIBVIRT);
	g_assert_true(map->may_reject);
	g_assert_true(unknown->may_reject);
}

/* iptables-restore writes comments as a match of their own. */
static void test_xtables_comment(void)
{
	g_autoptr(NftRule) rule = nftnl_rule_alloc();
	g_autofree char *comment = NULL;
	struct nftnl_expr *expr = add(rule, "match");
	char *info = calloc(1, 256);

	strcpy(info, "hostler-forward virbr0");
	nftnl_expr_set_str(expr, NFTNL_EXPR_MT_NAME, "comment");
	nftnl_expr_set(expr, NFTNL_EXPR_MT_INFO, info, 256);
	comment = forward_rule_comment(rule);
	g_assert_cmpstr(comment, ==, "hostler-forward virbr0");
	set_comment(rule, "somebody's");
	g_clear_pointer(&comment, g_free);
	comment = forward_rule_comment(rule);
	g_assert_cmpstr(comment, ==, "somebody's");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/forward/batch/outline", test_outline);
	g_test_add_func("/forward/batch/generation", test_generation);
	g_test_add_func("/forward/batch/many", test_many);
	g_test_add_func("/forward/batch/element", test_element);
	g_test_add_func("/forward/batch/foreign-element", test_foreign_element);
	g_test_add_func("/forward/batch/spans", test_spans);
	g_test_add_func("/forward/batch/odd-spans", test_odd_spans);
	g_test_add_func("/forward/batch/same-set", test_same_set);
	g_test_add_func("/forward/batch/counter", test_counter);
	g_test_add_func("/forward/batch/room", test_room);
	g_test_add_func("/forward/rule/own", test_own_rules);
	g_test_add_func("/forward/rule/leading", test_leading_rules);
	g_test_add_func("/forward/rule/unsound", test_unsound_rule);
	g_test_add_func("/forward/rule/may-reject", test_may_reject);
	g_test_add_func("/forward/rule/more-may-reject", test_more_may_reject);
	g_test_add_func("/forward/rule/xtables-comment", test_xtables_comment);
	return g_test_run();
}
