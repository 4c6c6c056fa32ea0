/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nf_tables' registers, filled with what is known of a packet that goes to a guest:
 * new, its destination rewritten, and leaving by the guest's bridge. */
#include "plugins/forward/packet.h"

#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_conntrack.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#define REGISTER_BYTES 16
#define N_BYTES 64 /* of all registers */
#define STATE_NEW NF_CT_STATE_BIT(IP_CT_NEW)
#define STATUS (IPS_DST_NAT | IPS_DST_NAT_DONE)

typedef struct {
	const ForwardPacket *packet;
	const struct nftnl_rule *rule;
	const ForwardConstants *constants;
	guint8 bytes[N_BYTES];
	gboolean known[N_BYTES];
	ForwardEffect effect;
} Meeting;

/* --- registers --- */

/* Four of 16 bytes, which are also sixteen of 4. */
static gsize place_of(guint32 number)
{
	if (number >= NFT_REG32_00 && number <= NFT_REG32_15)
		return (number - NFT_REG32_00) * 4;
	return number >= NFT_REG_1 && number <= NFT_REG_4 ? (number - NFT_REG_1) * REGISTER_BYTES : N_BYTES;
}

static void forget(Meeting *meeting, guint32 number, gsize length)
{
	gsize place = place_of(number);

	for (gsize i = place; i < MIN(place + length, N_BYTES); i++)
		meeting->known[i] = FALSE;
}

static void put(Meeting *meeting, guint32 number, const void *bytes, gsize length)
{
	gsize place = place_of(number);

	if (place + length > N_BYTES)
		return;
	memcpy(meeting->bytes + place, bytes, length);
	for (gsize i = 0; i < length; i++)
		meeting->known[place + i] = TRUE;
}

static const guint8 *known(const Meeting *meeting, guint32 number, gsize length)
{
	gsize place = place_of(number);

	if (length == 0 || place + length > N_BYTES)
		return NULL;
	for (gsize i = 0; i < length; i++) {
		if (!meeting->known[place + i])
			return NULL;
	}
	return meeting->bytes + place;
}

static void narrow(Meeting *meeting, ForwardMatch match)
{
	meeting->effect.match = MIN(meeting->effect.match, match);
}

/* --- what is loaded --- */

static void load_meta(Meeting *meeting, struct nftnl_expr *expr)
{
	guint32 number = nftnl_expr_get_u32(expr, NFTNL_EXPR_META_DREG);
	guint32 key = nftnl_expr_get_u32(expr, NFTNL_EXPR_META_KEY);
	char name[IFNAMSIZ] = "";
	guint8 family = meeting->packet->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;

	if (!nftnl_expr_is_set(expr, NFTNL_EXPR_META_DREG))
		return;
	forget(meeting, number, REGISTER_BYTES);
	g_strlcpy(name, meeting->packet->out_bridge, sizeof(name));
	if (key == NFT_META_OIFNAME)
		put(meeting, number, name, sizeof(name));
	else if (key == NFT_META_NFPROTO)
		put(meeting, number, &family, 1);
	else if (key == NFT_META_L4PROTO)
		put(meeting, number, &meeting->packet->protocol, 1);
}

static void load_ct(Meeting *meeting, struct nftnl_expr *expr)
{
	guint32 number = nftnl_expr_get_u32(expr, NFTNL_EXPR_CT_DREG);
	guint32 key = nftnl_expr_get_u32(expr, NFTNL_EXPR_CT_KEY);
	guint32 state = STATE_NEW, status = STATUS;

	if (!nftnl_expr_is_set(expr, NFTNL_EXPR_CT_DREG))
		return;
	forget(meeting, number, REGISTER_BYTES);
	if (key == NFT_CT_STATE)
		put(meeting, number, &state, sizeof(state));
	else if (key == NFT_CT_STATUS)
		put(meeting, number, &status, sizeof(status));
}

static void load_payload(Meeting *meeting, struct nftnl_expr *expr)
{
	const ForwardPacket *packet = meeting->packet;
	guint32 number = nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_DREG);
	guint32 base = nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_BASE);
	guint32 offset = nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET);
	guint32 length = nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_LEN);
	guint32 destination = packet->family == AF_INET ? 16 : 24;
	guint16 port = htons(packet->port);

	if (!nftnl_expr_is_set(expr, NFTNL_EXPR_PAYLOAD_DREG))
		return;
	forget(meeting, number, MAX(length, REGISTER_BYTES));
	if (base == NFT_PAYLOAD_NETWORK_HEADER && offset == destination && packet->guest.family == packet->family &&
	    length <= forward_address_size(&packet->guest))
		put(meeting, number, packet->guest.bytes, length);
	else if (base == NFT_PAYLOAD_NETWORK_HEADER && packet->family == AF_INET && offset == 9 && length == 1)
		put(meeting, number, &packet->protocol, 1);
	else if (base == NFT_PAYLOAD_TRANSPORT_HEADER && offset == 2 && length == sizeof(port))
		put(meeting, number, &port, sizeof(port));
}

static void mask(Meeting *meeting, struct nftnl_expr *expr)
{
	guint32 to = nftnl_expr_get_u32(expr, NFTNL_EXPR_BITWISE_DREG), n_mask = 0, n_xor = 0;
	const guint8 *and = nftnl_expr_get(expr, NFTNL_EXPR_BITWISE_MASK, &n_mask);
	const guint8 *xor = nftnl_expr_get(expr, NFTNL_EXPR_BITWISE_XOR, &n_xor);
	guint8 result[REGISTER_BYTES];
	const guint8 *from;

	from = known(meeting, nftnl_expr_get_u32(expr, NFTNL_EXPR_BITWISE_SREG), n_mask);
	forget(meeting, to, REGISTER_BYTES);
	if (from == NULL || and == NULL || xor == NULL || n_mask != n_xor || n_mask > sizeof(result))
		return;
	for (guint32 i = 0; i < n_mask; i++)
		result[i] = (guint8)((from[i] & and[i]) ^ xor[i]);
	put(meeting, to, result, n_mask);
}

/* --- what is compared --- */

static gboolean holds(guint32 operation, gint order)
{
	switch (operation) {
	case NFT_CMP_EQ:
		return order == 0;
	case NFT_CMP_NEQ:
		return order != 0;
	case NFT_CMP_LT:
		return order < 0;
	case NFT_CMP_LTE:
		return order <= 0;
	case NFT_CMP_GT:
		return order > 0;
	default:
		return order >= 0;
	}
}

static void compare(Meeting *meeting, struct nftnl_expr *expr)
{
	guint32 length = 0;
	const void *data = nftnl_expr_get(expr, NFTNL_EXPR_CMP_DATA, &length);
	const guint8 *bytes = known(meeting, nftnl_expr_get_u32(expr, NFTNL_EXPR_CMP_SREG), length);

	if (bytes == NULL || data == NULL)
		narrow(meeting, FORWARD_MAY_HIT);
	else if (!holds(nftnl_expr_get_u32(expr, NFTNL_EXPR_CMP_OP), memcmp(bytes, data, length)))
		narrow(meeting, FORWARD_MISSES);
}

/* Only the state; a rule that asks for more may hit. */
static ForwardMatch match_conntrack(const struct xt_conntrack_mtinfo3 *info)
{
	guint16 wanted = XT_CONNTRACK_STATE_BIT(IP_CT_NEW) | XT_CONNTRACK_STATE_DNAT;
	gboolean hit = (info->state_mask & wanted) != 0;

	if ((info->match_flags & XT_CONNTRACK_STATE) == 0)
		return FORWARD_MAY_HIT;
	if (hit == ((info->invert_flags & XT_CONNTRACK_STATE) != 0))
		return FORWARD_MISSES;
	return info->match_flags == XT_CONNTRACK_STATE ? FORWARD_HITS : FORWARD_MAY_HIT;
}

static void match_xtables(Meeting *meeting, struct nftnl_expr *expr)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_MT_NAME);
	guint32 length = 0;
	const void *info = nftnl_expr_get(expr, NFTNL_EXPR_MT_INFO, &length);
	struct xt_conntrack_mtinfo3 copy;

	if (g_strcmp0(name, "comment") == 0)
		return;
	if (g_strcmp0(name, "conntrack") != 0 || info == NULL || length < sizeof(copy)) {
		narrow(meeting, FORWARD_MAY_HIT);
		return;
	}
	memcpy(&copy, info, sizeof(copy));
	narrow(meeting, match_conntrack(&copy));
}

/* --- what comes of it --- */

static void decide(Meeting *meeting, struct nftnl_expr *expr)
{
	if (!nftnl_expr_is_set(expr, NFTNL_EXPR_IMM_VERDICT)) {
		forget(meeting, nftnl_expr_get_u32(expr, NFTNL_EXPR_IMM_DREG), REGISTER_BYTES);
		return;
	}
	meeting->effect.chain = nftnl_expr_get_str(expr, NFTNL_EXPR_IMM_CHAIN);
	switch ((int)nftnl_expr_get_u32(expr, NFTNL_EXPR_IMM_VERDICT)) {
	case NF_ACCEPT:
		meeting->effect.verdict = FORWARD_ACCEPTS;
		break;
	case NF_DROP:
		meeting->effect.verdict = FORWARD_DROPS;
		break;
	case NFT_RETURN:
		meeting->effect.verdict = FORWARD_RETURNS;
		break;
	case NFT_JUMP:
		meeting->effect.verdict = FORWARD_JUMPS;
		break;
	case NFT_GOTO:
		meeting->effect.verdict = FORWARD_GOES_TO;
		break;
	default:
		break;
	}
}

/* Of xtables' targets that are programs of their own only these end a packet's way. */
static void target(Meeting *meeting, struct nftnl_expr *expr)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_TG_NAME);

	if (g_strcmp0(name, "REJECT") == 0)
		meeting->effect.verdict = FORWARD_DROPS;
	else if (g_strcmp0(name, "NFQUEUE") == 0)
		narrow(meeting, FORWARD_MAY_HIT);
}

/* FALSE: what the list holds, or what is looked for, is not known. */
static gboolean look_into_list(Meeting *meeting, struct nftnl_expr *expr)
{
	const struct nftnl_set *set = forward_constant_find(meeting->constants,
							    nftnl_rule_get_u32(meeting->rule, NFTNL_RULE_FAMILY),
							    nftnl_rule_get_str(meeting->rule, NFTNL_RULE_TABLE),
							    nftnl_expr_get_str(expr, NFTNL_EXPR_LOOKUP_SET));
	gboolean inverted = (nftnl_expr_get_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV) != 0;
	const guint8 *bytes;

	if (set == NULL || nftnl_expr_is_set(expr, NFTNL_EXPR_LOOKUP_DREG))
		return FALSE;
	bytes = known(meeting, nftnl_expr_get_u32(expr, NFTNL_EXPR_LOOKUP_SREG), forward_constant_size(set));
	if (bytes == NULL)
		return FALSE;
	if (forward_constant_has(set, bytes) == inverted)
		narrow(meeting, FORWARD_MISSES);
	return TRUE;
}

/* A verdict from a map could be any; one that lets it pass makes what follows uncertain. */
static void look_up(Meeting *meeting, struct nftnl_expr *expr)
{
	if (look_into_list(meeting, expr))
		return;
	narrow(meeting, FORWARD_MAY_HIT);
	if (!nftnl_expr_is_set(expr, NFTNL_EXPR_LOOKUP_DREG))
		return;
	forget(meeting, nftnl_expr_get_u32(expr, NFTNL_EXPR_LOOKUP_DREG), N_BYTES);
	if (nftnl_expr_get_u32(expr, NFTNL_EXPR_LOOKUP_DREG) == NFT_REG_VERDICT)
		meeting->effect.verdict = FORWARD_ACCEPTS;
}

static int meet(struct nftnl_expr *expr, void *data)
{
	static const char *const harmless[] = { "counter", "log", "notrack", "nat", "masq", "redir", "last", NULL };
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);
	Meeting *meeting = data;

	if (g_str_equal(name, "meta"))
		load_meta(meeting, expr);
	else if (g_str_equal(name, "ct"))
		load_ct(meeting, expr);
	else if (g_str_equal(name, "payload"))
		load_payload(meeting, expr);
	else if (g_str_equal(name, "bitwise"))
		mask(meeting, expr);
	else if (g_str_equal(name, "cmp"))
		compare(meeting, expr);
	else if (g_str_equal(name, "match"))
		match_xtables(meeting, expr);
	else if (g_str_equal(name, "lookup"))
		look_up(meeting, expr);
	else if (g_str_equal(name, "immediate"))
		decide(meeting, expr);
	else if (g_str_equal(name, "target"))
		target(meeting, expr);
	else if (g_str_equal(name, "reject"))
		meeting->effect.verdict = FORWARD_DROPS;
	else if (!g_strv_contains(harmless, name))
		narrow(meeting, FORWARD_MAY_HIT);
	return 0;
}

ForwardEffect forward_packet_meet(const ForwardPacket *packet, const struct nftnl_rule *rule,
				  const ForwardConstants *constants)
{
	Meeting meeting = { .packet = packet, .rule = rule, .constants = constants, .effect = { .match = FORWARD_HITS } };

	nftnl_expr_foreach((struct nftnl_rule *)rule, meet, &meeting);
	return meeting.effect;
}
