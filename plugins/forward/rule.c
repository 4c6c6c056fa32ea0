/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One rule of a dump: whether it is ours, and whether it could reject a packet
 * before ours accepts it. */
#include "plugins/forward/rule.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <libnftnl/expr.h>
#include <string.h>

#include "plugins/forward/comment.h"

typedef struct {
	char *comment;
	gboolean from_none; /* or whether there is none */
	gboolean from_bridge, to_bridge; /* looks at the name of the interface it came in by, goes out by */
	gboolean by_xtables, by_ct;      /* how it looks at the connection */
	gboolean by_header, by_source;   /* looks into the packet; at who sent it */
	gboolean accepts, may_reject;
} Reading;

static const char *name_of(struct nftnl_expr *expr)
{
	return nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);
}

static void read_meta(struct nftnl_expr *expr, Reading *reading)
{
	guint32 key = nftnl_expr_get_u32(expr, NFTNL_EXPR_META_KEY);

	reading->from_none |= key == NFT_META_IIF;
	reading->from_bridge |= key == NFT_META_IIFNAME;
	reading->to_bridge |= key == NFT_META_OIFNAME;
}

static void read_match(struct nftnl_expr *expr, Reading *reading)
{
	guint32 length = 0;
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_MT_NAME);
	const char *info = nftnl_expr_get(expr, NFTNL_EXPR_MT_INFO, &length);

	reading->by_xtables |= g_strcmp0(name, "conntrack") == 0;
	if (g_strcmp0(name, "comment") == 0 && info != NULL && reading->comment == NULL)
		reading->comment = g_strndup(info, length);
}

/* Only accept ends a packet's way well; jump and goto lead to rules that may not. */
static void read_immediate(struct nftnl_expr *expr, Reading *reading)
{
	if (!nftnl_expr_is_set(expr, NFTNL_EXPR_IMM_VERDICT))
		return;
	if (nftnl_expr_get_u32(expr, NFTNL_EXPR_IMM_VERDICT) == NF_ACCEPT)
		reading->accepts = TRUE;
	else
		reading->may_reject = TRUE;
}

/* xtables' targets that let a packet go on. */
static void read_target(struct nftnl_expr *expr, Reading *reading)
{
	static const char *const harmless[] = { "LOG", "NFLOG", "MARK", "CONNMARK", "TCPMSS", "TRACE", "SET",
						"CHECKSUM", "CLASSIFY", "AUDIT", NULL };
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_TG_NAME);

	reading->may_reject |= name == NULL || !g_strv_contains(harmless, name);
}

static void read_lookup(struct nftnl_expr *expr, Reading *reading)
{
	reading->may_reject |= nftnl_expr_is_set(expr, NFTNL_EXPR_LOOKUP_DREG) &&
			       nftnl_expr_get_u32(expr, NFTNL_EXPR_LOOKUP_DREG) == NFT_REG_VERDICT;
}

static void read_payload(struct nftnl_expr *expr, Reading *reading)
{
	reading->by_header = TRUE;
	reading->by_source |= nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET) == forward_families[FORWARD_IP].source;
}

static int read_expression(struct nftnl_expr *expr, void *data)
{
	static const char *const rejecting[] = { "reject", "queue", "synproxy", "tproxy", NULL };
	Reading *reading = data;
	const char *name = name_of(expr);

	if (g_str_equal(name, "meta"))
		read_meta(expr, reading);
	else if (g_str_equal(name, "match"))
		read_match(expr, reading);
	else if (g_str_equal(name, "immediate"))
		read_immediate(expr, reading);
	else if (g_str_equal(name, "target"))
		read_target(expr, reading);
	else if (g_str_equal(name, "lookup"))
		read_lookup(expr, reading);
	else if (g_str_equal(name, "ct"))
		reading->by_ct = TRUE;
	else if (g_str_equal(name, "payload"))
		read_payload(expr, reading);
	else
		reading->may_reject |= g_strv_contains(rejecting, name);
	return 0;
}

static Reading read_rule(const struct nftnl_rule *rule)
{
	Reading reading = { 0 };
	guint32 length = 0;
	const void *userdata = nftnl_rule_get_data(rule, NFTNL_RULE_USERDATA, &length);

	if (userdata != NULL)
		reading.comment = forward_comment_read(userdata, length);
	nftnl_expr_foreach((struct nftnl_rule *)rule, read_expression, &reading);
	return reading;
}

char *forward_rule_comment(const struct nftnl_rule *rule)
{
	return read_rule(rule).comment;
}

static ForwardWay find_way(const Reading *reading, const ForwardPlaceInfo *place)
{
	if (place->ways[FORWARD_WAY_GUARD])
		return reading->by_source ? FORWARD_WAY_GUARD_FROM : FORWARD_WAY_GUARD;
	if (reading->from_none)
		return FORWARD_WAY_SELF;
	if (reading->from_bridge && reading->to_bridge)
		return FORWARD_WAY_BACK;
	if (place->ways[FORWARD_WAY_LOOPBACK])
		return FORWARD_WAY_LOOPBACK;
	return reading->from_bridge ? FORWARD_WAY_IN : FORWARD_WAY_OUT;
}

static gboolean suits(const Reading *reading, const ForwardPlaceInfo *place, ForwardWay way)
{
	if (place->ways[FORWARD_WAY_GUARD])
		return reading->from_bridge && reading->by_header && reading->may_reject;
	if (place->ways[FORWARD_WAY_BACK])
		return reading->by_ct && reading->by_header == (way == FORWARD_WAY_LOOPBACK);
	return reading->accepts && !reading->may_reject && reading->by_xtables == place->xtables &&
	       reading->by_ct != place->xtables && reading->from_bridge != reading->to_bridge;
}

ForwardRule *forward_rule_read(const struct nftnl_rule *rule, ForwardPlace place)
{
	ForwardRule *result = g_new0(ForwardRule, 1);
	Reading reading = read_rule(rule);
	g_autofree char *comment = reading.comment;

	result->handle = nftnl_rule_get_u64(rule, NFTNL_RULE_HANDLE);
	result->bridge = forward_mark_read(comment);
	result->way = find_way(&reading, &forward_places[place]);
	result->is_sound = suits(&reading, &forward_places[place], result->way);
	result->may_reject = reading.may_reject;
	return result;
}

ForwardRule *forward_rule_unknown(void)
{
	ForwardRule *result = g_new0(ForwardRule, 1);

	result->may_reject = TRUE;
	return result;
}

void forward_rule_free(ForwardRule *rule)
{
	g_free(rule->bridge);
	g_free(rule);
}
