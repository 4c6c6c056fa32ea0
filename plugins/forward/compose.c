/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our table, chains and rules, expression by expression. Pure. */
#include "plugins/forward/compose.h"

#include <netinet/ip.h> /* before the kernel's own words for the same */

#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>

#include "plugins/forward/comment.h"
#include "plugins/forward/element.h"

/* Registers are counted in units of four bytes from the first: what follows a
 * four-byte field is the next. */
enum { REG_FIRST = NFT_REG_1, REG_SECOND = NFT_REG32_01, REG_THIRD = NFT_REG32_02 };

/* A little before everybody else's DNAT and SNAT, so that it does not matter who came first. */
static const struct {
	const char *name;
	guint32 hook;
	gint32 priority;
} chains[FORWARD_N_CHAINS] = {
	{ "prerouting", NF_INET_PRE_ROUTING, -101 },
	{ "output", NF_INET_LOCAL_OUT, -101 },
	{ "postrouting", NF_INET_POST_ROUTING, 99 },
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

struct nftnl_chain *forward_chain_new(guint index)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();

	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, FORWARD_TABLE);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, chains[index].name);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "nat");
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

static void add_verdict_accept(struct nftnl_rule *rule)
{
	struct nftnl_expr *expr = add(rule, "immediate");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, NF_ACCEPT);
}

/* `ct status dnat` */
static void add_dnat_native(struct nftnl_rule *rule)
{
	guint32 mask = IPS_DST_NAT, zero = 0;
	struct nftnl_expr *expr = add(rule, "ct");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_KEY, NFT_CT_STATUS);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_DREG, REG_FIRST);
	expr = add(rule, "bitwise");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, REG_FIRST);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, REG_FIRST);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof(mask));
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, &zero, sizeof(zero));
	add_compare(rule, NFT_CMP_NEQ, &zero, sizeof(zero));
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

static struct nftnl_rule *rule_new(const char *table, const char *chain, const char *comment)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	g_autoptr(ForwardUserdata) userdata = forward_comment_new(comment);

	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_IPV4);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, table);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain);
	nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(userdata),
			    nftnl_udata_buf_len(userdata));
	return rule;
}

/* 127.0.0.0/8 stays the host's own: a guest could not answer to it. */
static void add_not_loopback(struct nftnl_rule *rule)
{
	guint8 net = IN_LOOPBACKNET;

	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, daddr), sizeof(net), REG_FIRST);
	add_compare(rule, NFT_CMP_NEQ, &net, sizeof(net));
}

/* Without it, transit traffic and the guests' own to the world would be taken too. */
static void add_local_destination(struct nftnl_rule *rule)
{
	struct nftnl_expr *expr = add(rule, "fib");
	guint32 local = RTN_LOCAL;

	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_DREG, REG_FIRST);
	add_compare(rule, NFT_CMP_EQ, &local, sizeof(local));
}

static void add_map_lookup(struct nftnl_rule *rule, gboolean by_address)
{
	guint32 protocol = by_address ? REG_SECOND : REG_FIRST;
	guint32 port = by_address ? REG_THIRD : REG_SECOND;
	struct nftnl_expr *expr;

	if (by_address)
		add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, daddr), 4, REG_FIRST);
	add_meta(rule, NFT_META_L4PROTO, protocol);
	add_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, port); /* destination port of TCP and of UDP */
	expr = add(rule, "lookup");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, REG_FIRST);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_DREG, REG_FIRST);
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, forward_map_name(by_address));
}

struct nftnl_rule *forward_lookup_new(const ForwardLookup *lookup)
{
	struct nftnl_rule *rule = rule_new(FORWARD_TABLE, lookup->chain, lookup->comment);
	struct nftnl_expr *expr;

	if (g_str_equal(lookup->chain, "output"))
		add_not_loopback(rule);
	add_local_destination(rule);
	add_map_lookup(rule, lookup->by_address);
	expr = add(rule, "nat");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_FAMILY, NFPROTO_IPV4);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_ADDR_MIN, REG_FIRST);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_PROTO_MIN, REG_SECOND);
	return rule;
}

struct nftnl_rule *forward_mark_rule_new(ForwardPlace place, ForwardWay way, const char *bridge)
{
	const ForwardPlaceInfo *info = &forward_places[place];
	g_autofree char *mark = forward_mark_new(bridge);
	struct nftnl_rule *rule = rule_new(info->table, info->chain, mark);

	if (way != FORWARD_WAY_OUT)
		add_interface(rule, NFT_META_IIFNAME, bridge);
	if (way != FORWARD_WAY_IN)
		add_interface(rule, NFT_META_OIFNAME, bridge);
	if (info->xtables)
		add_dnat_xtables(rule);
	else
		add_dnat_native(rule);
	if (way == FORWARD_WAY_BACK) {
		add(rule, "masq");
		return rule;
	}
	add(rule, "counter");
	add_verdict_accept(rule);
	return rule;
}
