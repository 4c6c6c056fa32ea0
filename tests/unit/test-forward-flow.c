/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection as ctnetlink tells of it, and which of them end with a port. */
#include <arpa/inet.h>
#include <glib.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>

#include "hostler/error.h"
#include "plugins/forward/flow.h"
#include "plugins/forward/flows.h"

#define UUID "11111111-0000-0000-0000-000000000001"

static void put_tuple(struct nlmsghdr *message, guint16 type, const char *from, guint16 from_port, const char *to,
		      guint16 to_port)
{
	gboolean is_ip6 = strchr(from, ':') != NULL;
	struct nlattr *tuple = mnl_attr_nest_start(message, type);
	struct nlattr *nest = mnl_attr_nest_start(message, CTA_TUPLE_IP);
	ForwardAddress a, b;

	g_assert_true(forward_address_read(from, &a) && forward_address_read(to, &b));
	mnl_attr_put(message, is_ip6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, forward_address_size(&a), a.bytes);
	mnl_attr_put(message, is_ip6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, forward_address_size(&b), b.bytes);
	mnl_attr_nest_end(message, nest);
	nest = mnl_attr_nest_start(message, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(message, CTA_PROTO_NUM, IPPROTO_UDP);
	mnl_attr_put_u16(message, CTA_PROTO_SRC_PORT, htons(from_port));
	mnl_attr_put_u16(message, CTA_PROTO_DST_PORT, htons(to_port));
	mnl_attr_nest_end(message, nest);
	mnl_attr_nest_end(message, tuple);
}

/* From 198.51.100.1 to a port of the host, and whoever answers. */
static void build(char buffer[1024], const char *host, guint16 port, const char *guest, guint16 guest_port)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(memset(buffer, 0, 1024));
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	const char *client = strchr(host, ':') != NULL ? "2001:db8:1::1" : "198.51.100.1";

	message->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	head->nfgen_family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
	put_tuple(message, CTA_TUPLE_ORIG, client, 4000, host, port);
	put_tuple(message, CTA_TUPLE_REPLY, guest, guest_port, client, 4000);
	mnl_attr_put_u32(message, CTA_STATUS, htonl(g_str_equal(host, guest) ? 0 : IPS_DST_NAT));
	mnl_attr_put_u32(message, CTA_ID, htonl(77));
}

static void test_read(void)
{
	static const char *const hosts[] = { "192.0.2.1", "2001:db8::1" };
	static const char *const guests[] = { "192.168.122.10", "fd00::7" };

	for (guint i = 0; i < G_N_ELEMENTS(hosts); i++) {
		char buffer[1024] __attribute__((aligned(NLMSG_ALIGNTO))), text[FORWARD_ADDRESS_LENGTH];
		struct nlmsghdr *message = (gpointer)buffer;
		guint32 length;
		ForwardFlow flow;

		build(buffer, hosts[i], 5000, guests[i], 53);
		g_assert_true(forward_flow_read(message, &flow));
		g_assert_cmpstr(forward_address_text(&flow.address, text), ==, hosts[i]);
		g_assert_cmpstr(forward_address_text(&flow.guest, text), ==, guests[i]);
		g_assert_cmpuint(flow.port, ==, 5000);
		g_assert_cmpuint(flow.guest_port, ==, 53);
		g_assert_true(flow.forwarded);
		/* Whatever is cut off is not read. */
		for (length = message->nlmsg_len - 24; length > MNL_NLMSG_HDRLEN + 4; length -= 4) {
			message->nlmsg_len = length;
			g_assert_false(forward_flow_read(message, &flow));
		}
	}
}

static void test_delete(void)
{
	char buffer[1024] __attribute__((aligned(NLMSG_ALIGNTO)));
	ForwardFlowRequest request;
	struct nlattr *attribute;
	guint seen = 0;

	build(buffer, "192.0.2.1", 5000, "192.168.122.10", 53);
	g_assert_true(forward_flow_delete(&request, (gpointer)buffer));
	g_assert_cmphex(request.header.nlmsg_type, ==, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE);
	g_assert_cmphex(request.header.nlmsg_flags, ==, NLM_F_REQUEST | NLM_F_ACK);
	mnl_attr_for_each(attribute, &request.header, sizeof(struct nfgenmsg))
		seen |= 1U << mnl_attr_get_type(attribute);
	g_assert_cmphex(seen, ==, 1U << CTA_TUPLE_ORIG | 1U << CTA_ID);
}

/* --- which of them end: a host whose conntrack holds one connection --- */

static char tracked[1024] __attribute__((aligned(NLMSG_ALIGNTO)));
static guint deleted;
static enum { NONE_FAILS, FORWARDED_FAILS, OTHERS_FAIL } trouble;

static gboolean asks_for_forwarded(const struct nlmsghdr *request)
{
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, request, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attribute) == CTA_STATUS)
			return mnl_attr_get_u32(attribute) != 0;
	}
	g_assert_not_reached();
}

static gboolean play_conntrack(HostlerHost *host, const struct nlmsghdr *request,
			       int (*each)(const struct nlmsghdr *message, void *data), gpointer data, GError **error)
{
	gboolean deletes = NFNL_MSG_TYPE(request->nlmsg_type) == IPCTNL_MSG_CT_DELETE;

	if (!deletes && trouble == (asks_for_forwarded(request) ? FORWARDED_FAILS : OTHERS_FAIL)) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "there are too many");
		return FALSE;
	}
	if (deletes)
		deleted++;
	else
		each((gpointer)tracked, data);
	return TRUE;
}

static GStrv play_addresses(HostlerHost *host, GError **error)
{
	return g_strsplit("127.0.0.1 192.0.2.1", " ", -1);
}

static gint64 play_clock(HostlerHost *host)
{
	return 0;
}

static const HostlerHostOps ops = {
	.nft_dump = play_conntrack, .addresses = play_addresses, .monotonic = play_clock
};

static GArray *elements_of(const char *text)
{
	g_autoptr(ForwardDesired) desired = forward_desired_new();
	g_autoptr(GArray) spans = g_array_new(FALSE, TRUE, sizeof(ForwardSpan));
	ForwardSpan span;

	if (*text != '\0') {
		g_assert_true(forward_span_from_text(text, &span));
		g_array_append_val(spans, span);
	}
	forward_desired_add(desired, UUID, spans);
	forward_desired_finish(desired);
	return g_array_ref(desired->tables[FORWARD_IP].elements);
}

static void test_end(void)
{
	static const struct {
		const char *host, *guest;
		guint16 guest_port;
		const char *held, *known;
		guint deleted;
	} table[] = {
		{ "192.0.2.1", "10.0.0.2", 53, "udp any 5000 5000 53 b 10.0.0.2", "", 1 },
		{ "192.0.2.1", "10.0.0.2", 53, "udp any 5000 5000 53 b 10.0.0.2", "udp any 5000 5000 53 b 10.0.0.3", 1 },
		{ "192.0.2.1", "10.0.0.2", 53, "udp 192.0.2.1 5000 5000 53 b 10.0.0.2", "", 1 },
		{ "192.0.2.1", "10.0.0.2", 53, "udp any 5000 5000 53 b 10.0.0.2", "udp any 5000 5000 53 b 10.0.0.2", 0 },
		{ "192.0.2.1", "10.0.0.4", 53, "udp any 5000 5000 53 b 10.0.0.2", "", 0 },
		{ "192.0.2.1", "10.0.0.2", 54, "udp any 5000 5000 53 b 10.0.0.2", "", 0 },
		{ "192.0.2.1", "10.0.0.2", 53, "tcp any 5000 5000 53 b 10.0.0.2", "", 0 },
		{ "192.0.2.1", "10.0.0.2", 53, "udp 192.0.2.9 5000 5000 53 b 10.0.0.2", "", 0 },
		{ "192.0.2.1", "192.0.2.1", 5000, "", "udp any 5000 5000 53 b 10.0.0.2", 1 },
		{ "203.0.113.9", "203.0.113.9", 5000, "", "udp any 5000 5000 53 b 10.0.0.2", 0 },
		{ "192.0.2.1", "192.0.2.1", 5000, "", "tcp any 5000 5000 53 b 10.0.0.2", 0 },
		{ "192.0.2.1", "192.0.2.1", 5000, "udp any 5000 5000 53 b 10.0.0.2", "", 0 },
	};
	HostlerHost host = { .ops = &ops, .deadline = 1 };

	for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(GArray) held = elements_of(table[i].held);
		g_autoptr(GArray) known = elements_of(table[i].known);

		build(tracked, table[i].host, 5000, table[i].guest, table[i].guest_port);
		deleted = 0;
		forward_flows_end(&host, FORWARD_IP, held, known);
		g_assert_cmpuint(deleted, ==, table[i].deleted);
	}
}

/* Whoever sends enough of one kind that they cannot be listed does not save those of the other. */
static void test_apart(void)
{
	g_autoptr(GArray) held = elements_of("udp any 5000 5000 53 b 10.0.0.2");
	g_autoptr(GArray) known = elements_of("udp any 5000 5000 53 b 10.0.0.3");
	HostlerHost host = { .ops = &ops, .deadline = 1 };

	deleted = 0;
	trouble = OTHERS_FAIL;
	build(tracked, "192.0.2.1", 5000, "10.0.0.2", 53);
	forward_flows_end(&host, FORWARD_IP, held, known);
	g_assert_cmpuint(deleted, ==, 1);
	trouble = FORWARDED_FAILS;
	build(tracked, "192.0.2.1", 5000, "192.0.2.1", 5000);
	forward_flows_end(&host, FORWARD_IP, held, known);
	g_assert_cmpuint(deleted, ==, 2);
	trouble = NONE_FAILS;
}

/* A hook that has used up its time leaves them to the kernel's own. */
static void test_deadline(void)
{
	g_autoptr(GArray) held = elements_of("udp any 5000 5000 53 b 10.0.0.2");
	g_autoptr(GArray) known = elements_of("");
	HostlerHost host = { .ops = &ops, .deadline = 0 };

	build(tracked, "192.0.2.1", 5000, "10.0.0.2", 53);
	deleted = 0;
	forward_flows_end(&host, FORWARD_IP, held, known);
	g_assert_cmpuint(deleted, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/forward/flow/read", test_read);
	g_test_add_func("/forward/flow/delete", test_delete);
	g_test_add_func("/forward/flow/end", test_end);
	g_test_add_func("/forward/flow/apart", test_apart);
	g_test_add_func("/forward/flow/deadline", test_deadline);
	return g_test_run();
}
