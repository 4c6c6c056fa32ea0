/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's lease files: whose which address is, and what is not believed. */
#include <arpa/inet.h>
#include <glib.h>
#include <string.h>

#include "hostler/error.h"
#include "plugins/forward/lease.h"

#define MAC "52:54:00:00:22:10"
#define OTHER "52:54:00:00:22:11"

#define LEASE(address, mac, expiry) \
	"{ \"ip-address\": \"" address "\", \"mac-address\": \"" mac "\", \"client-id\": \"01\", \"expiry-time\": " \
	expiry " }"
#define FOREVER(address, mac) "{ \"ip-address\": \"" address "\", \"mac-address\": \"" mac "\" }"

static ForwardNet net_of(const char *address, guint prefix)
{
	ForwardNet net = { .prefix = (guint8)prefix };

	g_assert_true(forward_address_read(address, &net.address));
	return net;
}

static GArray *parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	GArray *leases = forward_leases_parse(text, strlen(text), &error);

	g_assert_no_error(error);
	return leases;
}

/* The address that MAC has by lease; NULL: none. */
static char *found(const char *text, const char *net_address, guint prefix)
{
	g_autoptr(GArray) leases = parse(text);
	ForwardNet net = net_of(net_address, prefix);
	const ForwardLease *lease = forward_leases_find(leases, MAC, &net);
	char shown[INET6_ADDRSTRLEN];

	if (lease == NULL)
		return NULL;
	return g_strdup(inet_ntop(lease->address.family, &lease->address.v6, shown, sizeof(shown)));
}

typedef struct {
	const char *name;
	const char *text;
	const char *expected; /* NULL: none */
} Case;

static const Case cases[] = {
	{ "one", "[" LEASE("192.168.122.50", MAC, "1000") "]", "192.168.122.50" },
	{ "newest", "[" LEASE("192.168.122.50", MAC, "2000") "," LEASE("192.168.122.51", MAC, "1000") "]",
	  "192.168.122.50" },
	{ "last-of-equals", "[" LEASE("192.168.122.51", MAC, "1000") "," LEASE("192.168.122.50", MAC, "1000") "]",
	  "192.168.122.50" },
	{ "forever", "[" LEASE("192.168.122.50", MAC, "2000") "," FOREVER("192.168.122.51", MAC) "]",
	  "192.168.122.51" },
	{ "no-lease-of-ours", "[" LEASE("192.168.122.50", OTHER, "1000") "]", NULL },
	{ "empty-array", "[]", NULL },
	{ "empty", "", NULL },
	{ "blank", " \n\t\r\n", NULL },
	{ "upper-case", "[" LEASE("192.168.122.50", "52:54:00:00:22:10", "1") "]", "192.168.122.50" },
	{ "newer-claim-of-another",
	  "[" LEASE("192.168.122.50", MAC, "1000") "," LEASE("192.168.122.50", OTHER, "1001") "]", NULL },
	{ "older-claim-of-another",
	  "[" LEASE("192.168.122.50", OTHER, "999") "," LEASE("192.168.122.50", MAC, "1000") "]", "192.168.122.50" },
	{ "equal-claims-are-nobodys",
	  "[" LEASE("192.168.122.50", OTHER, "1000") "," LEASE("192.168.122.50", MAC, "1000") "]", NULL },
	{ "equal-claims-for-ever", "[" FOREVER("192.168.122.50", OTHER) "," FOREVER("192.168.122.50", MAC) "]", NULL },
	{ "the-next-after-a-lost-one",
	  "[" LEASE("192.168.122.50", MAC, "1000") "," LEASE("192.168.122.50", OTHER, "1001") ","
	  LEASE("192.168.122.60", MAC, "900") "]", "192.168.122.60" },
	{ "twice-the-same", "[" LEASE("192.168.122.50", MAC, "1000") "," LEASE("192.168.122.50", MAC, "1000") "]",
	  "192.168.122.50" },
	{ "outside", "[" LEASE("192.168.123.50", MAC, "1000") "]", NULL },
	{ "the-host", "[" LEASE("192.168.122.1", MAC, "1000") "]", NULL },
	{ "the-network", "[" LEASE("192.168.122.0", MAC, "1000") "]", NULL },
	{ "broadcast", "[" LEASE("192.168.122.255", MAC, "1000") "]", NULL },
	{ "loopback", "[" LEASE("127.0.0.1", MAC, "1000") "]", NULL },
	{ "the-host-itself", "[" LEASE("0.0.0.0", MAC, "1000") "]", NULL },
	{ "ipv6-in-ipv4", "[" LEASE("::ffff:192.168.122.50", MAC, "1000") "]", NULL },
	{ "no-address", "[" LEASE("192.168.122.50.1", MAC, "1000") "]", NULL },
	{ "address-with-zeros", "[" LEASE("192.168.122.050", MAC, "1000") "]", NULL },
	{ "no-mac", "[" LEASE("192.168.122.50", "52:54:00:00:22", "1000") "]", NULL },
	{ "negative-expiry", "[" LEASE("192.168.122.50", MAC, "-1") "]", NULL },
	{ "expiry-of-another-kind", "[" LEASE("192.168.122.50", MAC, "\"1000\"") "]", NULL },
	{ "huge-expiry", "[" LEASE("192.168.122.50", MAC, "9223372036854775807") "]", NULL },
	{ "no-object", "[1, null, \"x\", [], " LEASE("192.168.122.50", MAC, "1000") "]", "192.168.122.50" },
	{ "null-members", "[{ \"ip-address\": null, \"mac-address\": null }]", NULL },
	{ "hostile-name",
	  "[{ \"ip-address\": \"192.168.122.50\", \"mac-address\": \"" MAC "\", \"hostname\": "
	  "\"]}[{\\\"ip-address\\\": %s;$(reboot)\\n\\u202e[[[[[[\", \"expiry-time\": 1000 }]", "192.168.122.50" },
	{ "name-with-the-others-lease",
	  "[{ \"hostname\": \"\\\"}, " "{ \\\"ip-address\\\": \\\"192.168.122.9\\\"\", \"ip-address\": "
	  "\"192.168.122.50\", \"mac-address\": \"" MAC "\", \"expiry-time\": 1 }]", "192.168.122.50" },
};

static void test_find(gconstpointer data)
{
	const Case *item = data;
	g_autofree char *address = found(item->text, "192.168.122.1", 24);

	g_assert_cmpstr(address, ==, item->expected);
}

static void test_ipv6(void)
{
	g_autofree char *leased = found("[" LEASE("2001:db8::50", MAC, "1000") "]", "2001:db8::1", 64);
	g_autofree char *router = found("[" LEASE("2001:db8::", MAC, "1000") "]", "2001:db8::1", 64);
	g_autofree char *own = found("[" LEASE("2001:db8::1", MAC, "1000") "]", "2001:db8::1", 64);
	g_autofree char *outside = found("[" LEASE("2001:db8:0:1::50", MAC, "1000") "]", "2001:db8::1", 64);
	g_autofree char *link = found("[" LEASE("fe80::50", MAC, "1000") "]", "2001:db8::1", 64);
	g_autofree char *last = found("[" LEASE("2001:db8::ffff:ffff:ffff:ffff", MAC, "1") "]", "2001:db8::1", 64);

	g_assert_cmpstr(leased, ==, "2001:db8::50");
	g_assert_null(router);
	g_assert_null(own);
	g_assert_null(outside);
	g_assert_null(link);
	g_assert_cmpstr(last, ==, "2001:db8::ffff:ffff:ffff:ffff");
}

static void test_odd_prefixes(void)
{
	g_autofree char *inside = found("[" LEASE("10.1.255.255", MAC, "1") "]", "10.0.0.1", 15 - 1);
	g_autofree char *outside = found("[" LEASE("10.4.0.1", MAC, "1") "]", "10.0.0.1", 14);
	g_autofree char *pair = found("[" LEASE("10.0.0.0", MAC, "1") "]", "10.0.0.1", 31);
	g_autofree char *single = found("[" LEASE("10.0.0.0", MAC, "1") "]", "10.0.0.1", 32);

	g_assert_cmpstr(inside, ==, "10.1.255.255");
	g_assert_null(outside);
	g_assert_cmpstr(pair, ==, "10.0.0.0");
	g_assert_null(single);
}

static void test_whose(void)
{
	g_autoptr(GArray) leases = parse("[" LEASE("192.168.122.9", OTHER, "5") "," LEASE("192.168.122.50", MAC, "1000")
					 "," LEASE("192.168.122.50", OTHER, "1000") "]");
	ForwardAddress address;

	g_assert_cmpuint(leases->len, ==, 2);
	g_assert_true(forward_address_read("192.168.122.9", &address));
	g_assert_cmpstr(forward_leases_of(leases, &address)->mac, ==, OTHER);
	g_assert_true(forward_address_read("192.168.122.50", &address));
	g_assert_cmpstr(forward_leases_of(leases, &address)->mac, ==, "");
	g_assert_true(forward_address_read("192.168.122.51", &address));
	g_assert_null(forward_leases_of(leases, &address));
}

/* --- what is no list of leases --- */

static const char *const broken[] = {
	"{", "[", "]", "[{", "[{}", "nonsense", "{}", "1", "\"\"", "null", "[1,]x", "[{\"a\":}]", "// [\n", "[[[[[[[[]]]]]]]]",
	"/* [[[[[ */ []", "'[[[[[['", "[" LEASE("192.168.122.50", MAC, "1000"), "\xff\xfe", "[\"\xc3\x28\"]", "[\"\\",
};

static void test_broken(gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(forward_leases_parse(data, strlen(data), &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD);
	g_assert_null(strchr(error->message, '\n'));
}

static void test_nul(void)
{
	static const char text[] = "[" LEASE("192.168.122.50", MAC, "1000") "]\0";
	g_autoptr(GError) error = NULL;

	g_assert_null(forward_leases_parse(text, sizeof(text), &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD);
}

static void test_deep(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_strnfill(FORWARD_LEASES_MAX_BYTES, '[');

	g_assert_null(forward_leases_parse(text, strlen(text), &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD);
}

static void test_huge(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_strnfill(FORWARD_LEASES_MAX_BYTES + 1, ' ');

	g_assert_null(forward_leases_parse(text, strlen(text), &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD);
}

/* A guest that takes all of a wide network for itself, one client id after another. */
static void test_greedy_guest(void)
{
	GString *text = g_string_new("[");
	g_autoptr(GArray) leases = NULL;
	ForwardNet net = net_of("10.0.0.1", 16);

	for (guint i = 2; i < 60000; i++)
		g_string_append_printf(text, "%s" LEASE("10.0.%u.%u", MAC, "%u"), i == 2 ? "" : ",", i / 256, i % 256, i);
	g_string_append_c(text, ']');
	leases = parse(text->str);
	g_assert_cmpuint(leases->len, ==, 59998);
	g_assert_cmpint(forward_leases_find(leases, MAC, &net)->expiry, ==, 59999);
	g_string_free(text, TRUE);
}

/* However a file ends: while the helper writes it, it is another one. */
static void test_truncated(void)
{
	static const char text[] = "[" LEASE("192.168.122.50", MAC, "1000") "," LEASE("192.168.122.51", OTHER, "1") "]";

	for (gsize length = 1; length < sizeof(text) - 1; length++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(forward_leases_parse(text, length, &error));
		g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/forward-lease/find/", cases[i].name, NULL);

		g_test_add_data_func(path, &cases[i], test_find);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(broken); i++) {
		g_autofree char *path = g_strdup_printf("/forward-lease/broken/%zu", i);

		g_test_add_data_func(path, broken[i], test_broken);
	}
	g_test_add_func("/forward-lease/ipv6", test_ipv6);
	g_test_add_func("/forward-lease/odd-prefixes", test_odd_prefixes);
	g_test_add_func("/forward-lease/whose", test_whose);
	g_test_add_func("/forward-lease/nul", test_nul);
	g_test_add_func("/forward-lease/deep", test_deep);
	g_test_add_func("/forward-lease/huge", test_huge);
	g_test_add_func("/forward-lease/greedy-guest", test_greedy_guest);
	g_test_add_func("/forward-lease/truncated", test_truncated);
	return g_test_run();
}
