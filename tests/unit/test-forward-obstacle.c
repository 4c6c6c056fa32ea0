/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which chain of whose would reject a packet to a guest. The rules are put together
 * as nft does it; tests/netns has the real ones. */
#include <arpa/inet.h>
#include <glib.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <string.h>

#include "plugins/forward/obstacle.h"

#define STATE_ESTABLISHED 2U
#define STATE_RELATED 4U
#define STATE_NEW 8U
#define STATUS_DNAT 0x20U

/* --- chains and rules --- */

static void add_base(ForwardChains *chains, guint32 family, const char *table, guint32 hook, guint32 policy)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();

	nftnl_chain_set_u32(chain, NFTNL_CHAIN_FAMILY, family);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, table);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, "base");
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, policy);
	forward_chains_add(chains, chain);
}

static struct nftnl_rule *new_rule(const char *chain)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, "t");
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain);
	return rule;
}

static void compare(struct nftnl_rule *rule, guint32 operation, const void *data, guint32 length)
{
	struct nftnl_expr *expr = nftnl_expr_alloc("cmp");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, operation);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, data, length);
	nftnl_rule_add_expr(rule, expr);
}

static void if_name(struct nftnl_rule *rule, guint32 key, const char *name)
{
	struct nftnl_expr *expr = nftnl_expr_alloc("meta");
	char padded[IFNAMSIZ] = "";

	g_strlcpy(padded, name, sizeof(padded));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, NFT_REG_1);
	nftnl_rule_add_expr(rule, expr);
	compare(rule, NFT_CMP_EQ, padded, sizeof(padded));
}

static void if_ct(struct nftnl_rule *rule, guint32 key, guint32 bits)
{
	struct nftnl_expr *load = nftnl_expr_alloc("ct");
	struct nftnl_expr *mask = nftnl_expr_alloc("bitwise");
	guint32 zero = 0;

	nftnl_expr_set_u32(load, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(load, NFTNL_EXPR_CT_DREG, NFT_REG_1);
	nftnl_rule_add_expr(rule, load);
	nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_LEN, sizeof(bits));
	nftnl_expr_set(mask, NFTNL_EXPR_BITWISE_MASK, &bits, sizeof(bits));
	nftnl_expr_set(mask, NFTNL_EXPR_BITWISE_XOR, &zero, sizeof(zero));
	nftnl_rule_add_expr(rule, mask);
	compare(rule, NFT_CMP_NEQ, &zero, sizeof(zero));
}

/* A list as nft makes it for `{ ... }`. */
static void add_list(ForwardChains *chains, guint32 flags, guint32 first, guint32 second)
{
	struct nftnl_set *set = nftnl_set_alloc();
	guint32 values[] = { first, second };

	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_str(set, NFTNL_SET_TABLE, "t");
	nftnl_set_set_str(set, NFTNL_SET_NAME, "__set0");
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, flags);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, sizeof(values[0]));
	for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
		struct nftnl_set_elem *element = nftnl_set_elem_alloc();

		nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, &values[i], sizeof(values[i]));
		nftnl_set_elem_add(set, element);
	}
	forward_chains_add_set(chains, set);
}

/* `ct state` or `iifname` in that list, or not in it. */
static struct nftnl_rule *rule_of_list(const char *load, guint32 dreg, guint32 key_attribute, guint32 key,
				       guint32 flags)
{
	struct nftnl_rule *rule = new_rule("base");
	struct nftnl_expr *expr = nftnl_expr_alloc(load);
	struct nftnl_expr *lookup = nftnl_expr_alloc("lookup");

	nftnl_expr_set_u32(expr, (guint16)key_attribute, key);
	nftnl_expr_set_u32(expr, (guint16)dreg, NFT_REG_1);
	nftnl_rule_add_expr(rule, expr);
	nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(lookup, NFTNL_EXPR_LOOKUP_SET, "__set0");
	nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_FLAGS, flags);
	nftnl_rule_add_expr(rule, lookup);
	return rule;
}

static struct nftnl_rule *rule_of_states(guint32 flags)
{
	return rule_of_list("ct", NFTNL_EXPR_CT_DREG, NFTNL_EXPR_CT_KEY, NFT_CT_STATE, flags);
}

static void if_destination(struct nftnl_rule *rule, const char *address)
{
	struct nftnl_expr *expr = nftnl_expr_alloc("payload");
	struct in_addr bytes;

	g_assert_cmpint(inet_pton(AF_INET, address, &bytes), ==, 1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, 16);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, sizeof(bytes));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_rule_add_expr(rule, expr);
	compare(rule, NFT_CMP_EQ, &bytes, sizeof(bytes));
}

static void then(ForwardChains *chains, struct nftnl_rule *rule, int verdict, const char *chain)
{
	struct nftnl_expr *expr = nftnl_expr_alloc("immediate");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, (guint32)verdict);
	if (chain != NULL)
		nftnl_expr_set_str(expr, NFTNL_EXPR_IMM_CHAIN, chain);
	nftnl_rule_add_expr(rule, expr);
	forward_chains_add_rule(chains, rule);
}

static void then_reject(ForwardChains *chains, struct nftnl_rule *rule)
{
	nftnl_rule_add_expr(rule, nftnl_expr_alloc("reject"));
	forward_chains_add_rule(chains, rule);
}

/* --- what is asked --- */

static ForwardChains *inet_table(guint32 policy)
{
	ForwardChains *chains = forward_chains_new();

	add_base(chains, NFPROTO_INET, "t", NF_INET_FORWARD, policy);
	return chains;
}

/* "", or for each obstacle where it is and whether that is certain. */
static char *obstacles_of(const ForwardChains *chains)
{
	ForwardPacket packet = { .family = AF_INET, .protocol = IPPROTO_TCP, .out_bridge = "virbr0", .port = 22 };
	g_autoptr(GPtrArray) obstacles = NULL;
	GString *text = g_string_new(NULL);

	g_assert_true(forward_address_read("192.168.122.10", &packet.guest));
	obstacles = forward_obstacles_find(chains, &packet);
	for (guint i = 0; i < obstacles->len; i++) {
		const ForwardObstacle *obstacle = g_ptr_array_index(obstacles, i);

		g_string_append_printf(text, "%s %s%s;", obstacle->table,
				       obstacle->where != NULL ? obstacle->where : "policy",
				       obstacle->certain ? "" : "?");
	}
	return g_string_free(text, FALSE);
}

static void expect(const ForwardChains *chains, const char *expected)
{
	g_autofree char *text = obstacles_of(chains);

	g_assert_cmpstr(text, ==, expected);
}

static void test_policy(void)
{
	g_autoptr(ForwardChains) drop = inet_table(NF_DROP);
	g_autoptr(ForwardChains) accept = inet_table(NF_ACCEPT);
	g_autoptr(ForwardChains) others = forward_chains_new();

	expect(drop, "inet t policy;");
	expect(accept, "");
	add_base(others, NFPROTO_IPV6, "t", NF_INET_FORWARD, NF_DROP);
	add_base(others, NFPROTO_IPV4, "t", NF_INET_LOCAL_IN, NF_DROP);
	add_base(others, NFPROTO_BRIDGE, "t", NF_INET_FORWARD, NF_DROP);
	add_base(others, NFPROTO_IPV4, "hostler", NF_INET_FORWARD, NF_DROP);
	expect(others, "");
	add_base(others, NFPROTO_IPV4, "mine", NF_INET_FORWARD, NF_DROP);
	expect(others, "ip mine policy;");
}

static void test_accepted_before(void)
{
	g_autoptr(ForwardChains) chains = inet_table(NF_DROP);
	struct nftnl_rule *rule = new_rule("base");

	if_ct(rule, NFT_CT_STATE, STATE_ESTABLISHED);
	then(chains, rule, NF_ACCEPT, NULL);
	expect(chains, "inet t policy;");
	rule = new_rule("base");
	if_name(rule, NFT_META_OIFNAME, "virbr1");
	then(chains, rule, NF_ACCEPT, NULL);
	expect(chains, "inet t policy;");
	rule = new_rule("base");
	if_name(rule, NFT_META_OIFNAME, "virbr0");
	if_ct(rule, NFT_CT_STATUS, STATUS_DNAT);
	then(chains, rule, NF_ACCEPT, NULL);
	expect(chains, "");
}

static void test_perhaps(void)
{
	g_autoptr(ForwardChains) chains = inet_table(NF_DROP);
	struct nftnl_rule *rule = new_rule("base");

	if_name(rule, NFT_META_IIFNAME, "eth0");
	then(chains, rule, NF_ACCEPT, NULL);
	expect(chains, "inet t policy?;");
	/* What may drop is no obstacle as long as it is not known to hit. */
	rule = new_rule("base");
	if_name(rule, NFT_META_IIFNAME, "eth1");
	then(chains, rule, NF_DROP, NULL);
	expect(chains, "inet t policy?;");
}

static void test_rejects(void)
{
	g_autoptr(ForwardChains) chains = inet_table(NF_ACCEPT);
	struct nftnl_rule *rule = new_rule("base");

	if_destination(rule, "192.168.122.11");
	then_reject(chains, rule);
	expect(chains, "");
	rule = new_rule("base");
	if_ct(rule, NFT_CT_STATE, STATE_NEW);
	if_destination(rule, "192.168.122.10");
	then_reject(chains, rule);
	expect(chains, "inet t base;");
}

static void test_jumps(void)
{
	g_autoptr(ForwardChains) chains = inet_table(NF_ACCEPT);
	struct nftnl_rule *rule = new_rule("zone");

	if_name(rule, NFT_META_OIFNAME, "virbr0");
	then_reject(chains, rule);
	expect(chains, "");
	then(chains, new_rule("base"), NFT_JUMP, "zone");
	expect(chains, "inet t zone;");
}

static void test_jump_and_return(void)
{
	g_autoptr(ForwardChains) chains = inet_table(NF_DROP);

	then(chains, new_rule("zone"), NFT_RETURN, NULL);
	then_reject(chains, new_rule("zone"));
	then(chains, new_rule("base"), NFT_JUMP, "zone");
	expect(chains, "inet t policy;");
	then(chains, new_rule("base"), NF_ACCEPT, NULL);
	expect(chains, "");
}

#define LIST (NFT_SET_ANONYMOUS | NFT_SET_CONSTANT)

/* firewalld's `ct state { established, related } accept`, which lets no new connection pass. */
static void test_list(void)
{
	g_autoptr(ForwardChains) drops = inet_table(NF_DROP), inverted = inet_table(NF_DROP), passes = inet_table(NF_DROP);

	add_list(drops, LIST, STATE_ESTABLISHED, STATE_RELATED);
	then(drops, rule_of_states(0), NF_ACCEPT, NULL);
	expect(drops, "inet t policy;");
	add_list(inverted, LIST, STATE_ESTABLISHED, STATE_RELATED);
	then(inverted, rule_of_states(NFT_LOOKUP_F_INV), NF_ACCEPT, NULL);
	expect(inverted, "");
	add_list(passes, LIST, STATE_ESTABLISHED, STATE_NEW);
	then(passes, rule_of_states(0), NF_ACCEPT, NULL);
	expect(passes, "");
}

/* A set that others fill, ranges, a list that was not read, or one of what is not known of the packet. */
static void test_list_perhaps(void)
{
	g_autoptr(ForwardChains) filled = inet_table(NF_DROP), ranges = inet_table(NF_DROP);
	g_autoptr(ForwardChains) unread = inet_table(NF_DROP), unknown = inet_table(NF_DROP);

	add_list(filled, 0, STATE_ESTABLISHED, STATE_RELATED);
	then(filled, rule_of_states(0), NF_ACCEPT, NULL);
	expect(filled, "inet t policy?;");
	add_list(ranges, LIST | NFT_SET_INTERVAL, STATE_ESTABLISHED, STATE_RELATED);
	then(ranges, rule_of_states(0), NF_ACCEPT, NULL);
	expect(ranges, "inet t policy?;");
	then(unread, rule_of_states(0), NF_ACCEPT, NULL);
	expect(unread, "inet t policy?;");
	add_list(unknown, LIST, STATE_ESTABLISHED, STATE_RELATED);
	then(unknown, rule_of_list("meta", NFTNL_EXPR_META_DREG, NFTNL_EXPR_META_KEY, NFT_META_IIF, 0), NF_ACCEPT, NULL);
	expect(unknown, "inet t policy?;");
}

/* What comes behind a goto is not met, however that ends. */
static void test_goto(void)
{
	g_autoptr(ForwardChains) chains = inet_table(NF_ACCEPT);

	then(chains, new_rule("base"), NFT_GOTO, "zone");
	then_reject(chains, new_rule("base"));
	expect(chains, "");
}

static void test_jump_perhaps(void)
{
	g_autoptr(ForwardChains) chains = inet_table(NF_DROP);
	struct nftnl_rule *rule = new_rule("base");

	then(chains, new_rule("zone"), NF_ACCEPT, NULL);
	if_name(rule, NFT_META_IIFNAME, "eth0");
	then(chains, rule, NFT_JUMP, "zone");
	expect(chains, "inet t policy?;");
}

/* The kernel has no such chains; a dump torn between two states could. */
static void test_loop(void)
{
	g_autoptr(ForwardChains) chains = inet_table(NF_DROP);

	then(chains, new_rule("base"), NFT_JUMP, "zone");
	then(chains, new_rule("zone"), NFT_JUMP, "base");
	expect(chains, "inet t policy;");
}

/* More ways than could be walked in a life: it ends all the same, and is not sure. */
static void test_many_ways(void)
{
	g_autoptr(ForwardChains) chains = inet_table(NF_DROP);

	for (guint i = 0; i < 20; i++) {
		struct nftnl_rule *perhaps = new_rule("zone");

		then(chains, new_rule("base"), NFT_JUMP, "zone");
		if_name(perhaps, NFT_META_IIFNAME, "eth0");
		then(chains, perhaps, NFT_JUMP, "base");
	}
	expect(chains, "inet t policy?;");
}

static void test_text(void)
{
	ForwardObstacle policy = { .table = (char *)"inet mine", .chain = (char *)"base", .certain = TRUE };
	ForwardObstacle firewalld = { .table = (char *)"inet firewalld", .chain = (char *)"filter_FORWARD",
				      .where = (char *)"filter_FORWARD" };
	ForwardObstacle reload = { .table = (char *)"inet firewalld_policy_drop", .chain = (char *)"filter_forward",
				   .certain = TRUE };
	g_autofree char *shut = forward_obstacle_text(&reload, "virbr0");
	g_autofree char *own = forward_obstacle_text(&policy, "virbr0");
	g_autofree char *theirs = forward_obstacle_text(&firewalld, "virbr0");

	g_assert_cmpstr(own, ==,
			"DROPPED: chain base of table inet mine drops what no rule accepts; mend: nft 'insert rule inet "
			"mine base oifname \"virbr0\" ct status dnat accept; insert rule inet mine base iifname \"virbr0\" "
			"ct status dnat accept', and the same where that table is made");
	g_assert_cmpstr(shut, ==,
			"DROPPED: chain filter_forward of table inet firewalld_policy_drop drops what no rule accepts; mend: "
			"firewalld reloads, and if this stays it could not: systemctl restart firewalld");
	g_assert_cmpstr(theirs, ==,
			"perhaps rejected: a rule in chain filter_FORWARD of table inet firewalld rejects it, unless one "
			"before lets it pass; mend: StrictForwardPorts=no in /etc/firewalld/firewalld.conf, then: "
			"firewall-cmd --reload");
}

/* What settling mends is our rule in two chains. In others' tables of iptables a rule of nft's with `ct` makes iptables
 * refuse the table, and with it libvirt. */
static void test_mends(void)
{
	static const struct {
		const char *table, *chain, *mend;
	} cases[] = {
		{ "ip filter", "FORWARD", "hostler settle" },
		{ "ip6 filter", "FORWARD", "hostler settle" },
		{ "ip libvirt_network", "forward", "hostler settle" },
		{ "ip filter", "forward", "nft 'insert rule ip filter forward oifname " },
		{ "ip libvirt_network", "mine", "nft 'insert rule ip libvirt_network mine oifname " },
		{ "inet libvirt_network", "forward", "nft 'insert rule inet libvirt_network forward oifname " },
		{ "ip mangle", "FORWARD",
		  "iptables -t mangle -I FORWARD -o virbr0 -m conntrack --ctstate DNAT -j ACCEPT && "
		  "iptables -t mangle -I FORWARD -i virbr0 -m conntrack --ctstate DNAT -j ACCEPT, and the same where" },
		{ "ip6 security", "FORWARD",
		  "ip6tables -t security -I FORWARD -o virbr0 -m conntrack --ctstate DNAT -j ACCEPT && " },
		{ "inet mangle", "FORWARD", "nft 'insert rule inet mangle FORWARD oifname " },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		ForwardObstacle obstacle = { .table = (char *)(gpointer)cases[i].table,
					     .chain = (char *)(gpointer)cases[i].chain, .certain = TRUE };
		g_autofree char *text = forward_obstacle_text(&obstacle, "virbr0");
		const char *mend = strstr(text, "; mend: ");

		if (mend == NULL || !g_str_has_prefix(mend + strlen("; mend: "), cases[i].mend))
			g_error("%s %s: '%s'", cases[i].table, cases[i].chain, text);
	}
}

/* The kernel takes any bytes for a name, and root pastes what is advised. */
static void test_hostile_names(void)
{
	static const char mend[] = "; mend: see who made it, and let it accept: nft list ruleset";
	static const char *const names[] = { "a'; reboot; '", "$(reboot)", "a;flush ruleset", "a b", "a\nb", "-x\"",
					     "\xe2\x80\xae", "" };

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *table = g_strdup_printf("inet %s", names[i]);
		ForwardObstacle by_table = { .table = table, .chain = (char *)"base", .certain = TRUE };
		ForwardObstacle by_chain = { .table = (char *)"ip6 mine", .chain = (char *)(gpointer)names[i] };
		g_autofree char *first = forward_obstacle_text(&by_table, "virbr0");
		g_autofree char *second = forward_obstacle_text(&by_chain, "virbr0");

		g_assert_true(g_str_has_suffix(first, mend));
		g_assert_true(g_str_has_suffix(second, mend));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/forward-obstacle/policy", test_policy);
	g_test_add_func("/forward-obstacle/hostile-names", test_hostile_names);
	g_test_add_func("/forward-obstacle/accepted-before", test_accepted_before);
	g_test_add_func("/forward-obstacle/perhaps", test_perhaps);
	g_test_add_func("/forward-obstacle/rejects", test_rejects);
	g_test_add_func("/forward-obstacle/jumps", test_jumps);
	g_test_add_func("/forward-obstacle/jump-and-return", test_jump_and_return);
	g_test_add_func("/forward-obstacle/goto", test_goto);
	g_test_add_func("/forward-obstacle/jump-perhaps", test_jump_perhaps);
	g_test_add_func("/forward-obstacle/list", test_list);
	g_test_add_func("/forward-obstacle/list-perhaps", test_list_perhaps);
	g_test_add_func("/forward-obstacle/loop", test_loop);
	g_test_add_func("/forward-obstacle/many-ways", test_many_ways);
	g_test_add_func("/forward-obstacle/text", test_text);
	g_test_add_func("/forward-obstacle/mends", test_mends);
	return g_test_run();
}
