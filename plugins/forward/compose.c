/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our table, chains and rules, expression by expression. Pure. */
#include "plugins/forward/compose.h"

#include <netinet/in.h> /* before the kernel's own words for the same */

#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "plugins/forward/comment.h"
#include "plugins/forward/address.h"

/* Fields of a key follow one another in registers of four bytes. Behind them is the key of what counts, which
 * leaves alone where the packet is led to. */
enum { REG_FIRST = NFT_REG32_00, REG_COUNTED = NFT_REG32_08 };

/* A little before everybody else's DNAT and SNAT, so that it does not matter who
 * came first; and the limits before that. What guards 127.0.0.0/8 sees packets
 * as they came, before answers get their old destination back. One without a type is only jumped to. */
static const struct {
	const char *name;
	const char *type;
	guint32 hook;
	gint32 priority;
	guint features;
} chains[FORWARD_N_CHAINS] = {
	{ "loopback", "filter", NF_INET_PRE_ROUTING, -300, FORWARD_WITH_LOOPBACK },
	{ "limits", "filter", NF_INET_PRE_ROUTING, -102, FORWARD_WITH_LIMITS },
	{ FORWARD_CHAIN, NULL, 0, 0, 0 },
	{ "prerouting", "nat", NF_INET_PRE_ROUTING, -101, 0 },
	{ "output", "nat", NF_INET_LOCAL_OUT, -101, 0 },
	{ "postrouting", "nat", NF_INET_POST_ROUTING, 99, 0 },
};

struct nftnl_table *forward_table_new(gboolean with_comment)
{
	struct nftnl_table *table = nftnl_table_alloc();
	g_autoptr(ForwardUserdata) comment = forward_comment_new(FORWARD_TABLE_COMMENT);

	nftnl_table_set_str(table, NFTNL_TABLE_NAME, FORWARD_TABLE);
	if (with_comment)
		nftnl_table_set_data(table, NFTNL_TABLE_USERDATA, nftnl_udata_buf_data(comment),
				     nftnl_udata_buf_len(comment));
	return table;
}

struct nftnl_chain *forward_chain_new(guint index, guint features)
{
	struct nftnl_chain *chain;

	if ((chains[index].features & ~features) != 0)
		return NULL;
	chain = nftnl_chain_alloc();
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, FORWARD_TABLE);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, chains[index].name);
	if (chains[index].type == NULL)
		return chain;
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, chains[index].type);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, chains[index].hook);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, chains[index].priority);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	return chain;
}

/* --- expressions --- */

static struct nftnl_expr *add(struct nftnl_rule *rule, const char *name)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(name);

	nftnl_rule_add_expr(rule, expr);
	return expr;
}

static void add_meta(struct nftnl_rule *rule, guint32 key, guint32 reg)
{
	struct nftnl_expr *expr = add(rule, "meta");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, reg);
}

static void add_compare(struct nftnl_rule *rule, guint32 operation, const void *data, guint32 length)
{
	struct nftnl_expr *expr = add(rule, "cmp");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, REG_FIRST);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, operation);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, data, length);
}

static void add_payload(struct nftnl_rule *rule, guint32 base, guint32 offset, guint32 length, guint32 reg)
{
	struct nftnl_expr *expr = add(rule, "payload");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, length);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

static void add_interface(struct nftnl_rule *rule, guint32 key, const char *name)
{
	add_meta(rule, key, REG_FIRST);
	/* With the zero at its end: the whole name, as iptables writes it. */
	add_compare(rule, NFT_CMP_EQ, name, (guint32)strlen(name) + 1);
}

static void add_verdict(struct nftnl_rule *rule, guint32 verdict)
{
	struct nftnl_expr *expr = add(rule, "immediate");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, verdict);
}

/* Whether the connection has this bit of its status, or has it not. */
static void add_status(struct nftnl_rule *rule, guint32 mask, gboolean set)
{
	guint32 zero = 0;
	struct nftnl_expr *expr = add(rule, "ct");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_KEY, NFT_CT_STATUS);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_DREG, REG_FIRST);
	expr = add(rule, "bitwise");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, REG_FIRST);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, REG_FIRST);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof(mask));
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, &zero, sizeof(zero));
	add_compare(rule, set ? NFT_CMP_NEQ : NFT_CMP_EQ, &zero, sizeof(zero));
}

/* `-m conntrack --ctstate DNAT`. The kernel wants the structure at the size that
 * xtables aligns it to. */
static void add_dnat_xtables(struct nftnl_rule *rule)
{
	struct nftnl_expr *expr = add(rule, "match");
	gsize size = XT_ALIGN(sizeof(struct xt_conntrack_mtinfo3));
	struct xt_conntrack_mtinfo3 *info = calloc(1, size);

	if (info == NULL)
		g_error("out of memory");
	info->match_flags = XT_CONNTRACK_STATE;
	info->state_mask = XT_CONNTRACK_STATE_DNAT;
	nftnl_expr_set_str(expr, NFTNL_EXPR_MT_NAME, "conntrack");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_MT_REV, 3);
	/* libnftnl takes the memory over, and frees it by free(). */
	nftnl_expr_set(expr, NFTNL_EXPR_MT_INFO, info, (guint32)size);
}

/* --- rules --- */

static struct nftnl_rule *rule_new(ForwardFamily family, const char *table, const char *chain, const char *comment)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	g_autoptr(ForwardUserdata) userdata = forward_comment_new(comment);

	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, forward_families[family].family);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, table);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain);
	nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(userdata),
			    nftnl_udata_buf_len(userdata));
	return rule;
}

/* 127.0.0.0/8 and ::1 stay the host's own: a guest could not answer to it. (To
 * ::1 never, and to the other only by the kernel's leave, see loopback.c.) */
static void add_not_loopback(struct nftnl_rule *rule, ForwardFamily family)
{
	static const guint8 net = IN_LOOPBACKNET;
	static const struct in6_addr address = IN6ADDR_LOOPBACK_INIT;
	gboolean is_ip6 = family == FORWARD_IP6;
	guint32 length = is_ip6 ? sizeof(address) : sizeof(net);

	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, forward_families[family].destination, length, REG_FIRST);
	add_compare(rule, NFT_CMP_NEQ, is_ip6 ? (const void *)&address : &net, length);
}

/* The IPv4 address at `offset` is in 127.0.0.0/8. */
static void add_loopback(struct nftnl_rule *rule, guint32 offset)
{
	static const guint8 net = IN_LOOPBACKNET;

	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, offset, sizeof(net), REG_FIRST);
	add_compare(rule, NFT_CMP_EQ, &net, sizeof(net));
}

static void add_address_type(struct nftnl_rule *rule, guint32 which, guint32 operation)
{
	struct nftnl_expr *expr = add(rule, "fib");
	guint32 local = RTN_LOCAL;

	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_FLAGS, which);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_DREG, REG_FIRST);
	add_compare(rule, operation, &local, sizeof(local));
}

/* A frame on its way through a bridge came in by no interface, as far as
 * postrouting is told, and is not of the host itself either. */
static void add_bridged(struct nftnl_rule *rule)
{
	guint32 none = 0;

	add_meta(rule, NFT_META_IIF, REG_FIRST);
	add_compare(rule, NFT_CMP_EQ, &none, sizeof(none));
	add_address_type(rule, NFTA_FIB_F_SADDR, NFT_CMP_NEQ);
}

/* Without it, transit traffic and the guests' own to the world would be taken too. */
static void add_local_destination(struct nftnl_rule *rule)
{
	add_address_type(rule, NFTA_FIB_F_DADDR, NFT_CMP_EQ);
}

/* The registers after an address in `reg`. */
static guint32 add_address(struct nftnl_rule *rule, ForwardFamily family, guint32 offset, guint32 reg)
{
	guint32 size = (guint32)forward_family_size(forward_families[family].family);

	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, offset, size, reg);
	return reg + size / 4;
}

static void add_key(struct nftnl_rule *rule, ForwardFamily family, ForwardSet set, guint32 reg)
{
	if (forward_sets[set].by_address)
		reg = add_address(rule, family, forward_families[family].destination, reg);
	if (forward_sets[set].spans_of == 0)
		add_meta(rule, NFT_META_L4PROTO, reg++);
	add_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, reg); /* the same place in TCP, UDP and SCTP */
	if (forward_sets[set].by_source)
		add_address(rule, family, forward_families[family].source, reg + 1);
}

static struct nftnl_expr *add_lookup(struct nftnl_rule *rule, ForwardFamily family, ForwardSet set, guint32 reg)
{
	struct nftnl_expr *expr;

	add_key(rule, family, set, reg);
	expr = add(rule, "lookup");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, reg);
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, forward_sets[set].name);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SET_ID, set + 1);
	return expr;
}

static void add_protocol(struct nftnl_rule *rule, guint8 protocol)
{
	add_meta(rule, NFT_META_L4PROTO, REG_FIRST);
	add_compare(rule, NFT_CMP_EQ, &protocol, sizeof(protocol));
}

/* The element that is found counts: only what the map leads somewhere comes so far. */
static void add_dnat(struct nftnl_rule *rule, ForwardFamily family, const ForwardLookup *lookup)
{
	guint32 port = REG_FIRST + (guint32)forward_family_size(forward_families[family].family) / 4;
	struct nftnl_expr *expr;

	if (forward_sets[lookup->other].spans_of != 0)
		add_protocol(rule, forward_sets[lookup->other].spans_of);
	expr = add_lookup(rule, family, lookup->set, REG_FIRST);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_DREG, REG_FIRST);
	if (lookup->other != lookup->set)
		add_lookup(rule, family, lookup->other, REG_COUNTED);
	expr = add(rule, "nat");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_FAMILY, forward_families[family].family);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_ADDR_MIN, REG_FIRST);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_PROTO_MIN, port);
}

static void add_jump(struct nftnl_rule *rule, ForwardFamily family, const ForwardLookup *lookup)
{
	struct nftnl_expr *expr;

	if (g_str_equal(lookup->chain, "output") && (lookup->features & FORWARD_WITH_LOOPBACK) == 0)
		add_not_loopback(rule, family);
	add_local_destination(rule);
	expr = add(rule, "immediate");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, NFT_JUMP);
	nftnl_expr_set_str(expr, NFTNL_EXPR_IMM_CHAIN, FORWARD_CHAIN);
}

/* Limits are for the first packet of a connection; `new` would be each that nobody answers. */
static void add_limit(struct nftnl_rule *rule, ForwardFamily family, const ForwardLookup *lookup)
{
	struct nftnl_expr *expr;

	add_status(rule, IPS_CONFIRMED, FALSE);
	add_local_destination(rule);
	add_lookup(rule, family, lookup->set, REG_FIRST);
	if (lookup->other != lookup->set) {
		expr = add_lookup(rule, family, lookup->other, REG_FIRST);
		nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	}
	if (lookup->kind == FORWARD_RULE_DROP)
		add(rule, "counter");
	add_verdict(rule, lookup->kind == FORWARD_RULE_DROP ? NF_DROP : NF_ACCEPT);
}

struct nftnl_rule *forward_lookup_new(ForwardFamily family, const ForwardLookup *lookup)
{
	struct nftnl_rule *rule = rule_new(family, FORWARD_TABLE, lookup->chain, lookup->comment);

	if (lookup->kind == FORWARD_RULE_JUMP)
		add_jump(rule, family, lookup);
	else if (lookup->kind == FORWARD_RULE_DNAT)
		add_dnat(rule, family, lookup);
	else
		add_limit(rule, family, lookup);
	return rule;
}

/* Where route_localnet is set the kernel takes packets from 127.0.0.0/8, too, but for those
 * from 127.0.0.1 itself, unless rp_filter is in the way (measured with 6.18). */
static struct nftnl_rule *finish_guard(struct nftnl_rule *rule, ForwardFamily family, ForwardWay way,
				       const char *bridge)
{
	const ForwardFamilyInfo *info = &forward_families[family];

	add_interface(rule, NFT_META_IIFNAME, bridge);
	add_loopback(rule, way == FORWARD_WAY_GUARD ? info->destination : info->source);
	add(rule, "counter");
	add_verdict(rule, NF_DROP);
	return rule;
}

struct nftnl_rule *forward_mark_rule_new(ForwardFamily family, ForwardPlace place, ForwardWay way,
					 const char *bridge)
{
	const ForwardPlaceInfo *info = &forward_places[place];
	g_autofree char *mark = forward_mark_new(bridge);
	struct nftnl_rule *rule = rule_new(family, info->table, info->chain, mark);

	if (way == FORWARD_WAY_GUARD || way == FORWARD_WAY_GUARD_FROM)
		return finish_guard(rule, family, way, bridge);
	if (way == FORWARD_WAY_IN || way == FORWARD_WAY_BACK)
		add_interface(rule, NFT_META_IIFNAME, bridge);
	if (way == FORWARD_WAY_SELF)
		add_bridged(rule);
	if (way == FORWARD_WAY_LOOPBACK)
		add_loopback(rule, forward_families[family].source);
	if (way != FORWARD_WAY_IN)
		add_interface(rule, NFT_META_OIFNAME, bridge);
	if (info->xtables)
		add_dnat_xtables(rule);
	else
		add_status(rule, IPS_DST_NAT, TRUE);
	if (way == FORWARD_WAY_BACK || way == FORWARD_WAY_SELF || way == FORWARD_WAY_LOOPBACK) {
		add(rule, "masq");
		return rule;
	}
	add(rule, "counter");
	add_verdict(rule, NF_ACCEPT);
	return rule;
}
