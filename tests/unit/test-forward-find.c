/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a guest without a reserved address is, and when nobody says so. */
#include <arpa/inet.h>
#include <glib.h>

#include "fakehost.h"
#include "plugins/forward/find.h"

#define MAC "52:54:00:00:22:10"
#define OTHER "52:54:00:00:22:11"
#define VALID "99999999999"
#define OVER "1000000000"

#define LEASE(address, mac, expiry) \
	"{ \"ip-address\": \"" address "\", \"mac-address\": \"" mac "\", \"expiry-time\": " expiry " }"

typedef struct {
	const char *name;
	const char *leases;     /* NULL: no file */
	const char *neighbours;
	const char *held;       /* NULL: nothing */
	const char *expected;   /* an address, "unknown" or "nowhere" */
} Case;

static const Case cases[] = {
	{ "nothing", NULL, "", NULL, "unknown" },
	{ "nothing-but-held", NULL, "", "192.168.122.50", "unknown" },
	{ "leased", "[" LEASE("192.168.122.50", MAC, VALID) "]", "", NULL, "192.168.122.50" },
	{ "leased-anew", "[" LEASE("192.168.122.50", MAC, VALID) "]", "", "192.168.122.60", "192.168.122.50" },
	{ "last-lease", "[" LEASE("192.168.122.50", MAC, OVER) "]", "", NULL, "192.168.122.50" },
	{ "leased-to-other", "[" LEASE("192.168.122.50", OTHER, VALID) "]", "", NULL, "unknown" },
	{ "held-is-leased-to-other", "[" LEASE("192.168.122.50", OTHER, VALID) "]", "", "192.168.122.50", "nowhere" },
	{ "held-was-leased-to-other", "[" LEASE("192.168.122.50", OTHER, OVER) "]", "", "192.168.122.50", "unknown" },
	{ "held-is-answered-by-other", NULL, "192.168.122.50 " OTHER " fresh", "192.168.122.50", "nowhere" },
	{ "held-was-answered-by-other", NULL, "192.168.122.50 " OTHER " stale", "192.168.122.50", "unknown" },
	{ "held-has-equal-claims", "[" LEASE("192.168.122.50", OTHER, VALID) "," LEASE("192.168.122.50", MAC, VALID) "]",
	  "", "192.168.122.50", "nowhere" },
	{ "static", NULL, "192.168.122.77 " MAC " stale", NULL, "192.168.122.77" },
	{ "lease-before-neighbour", "[" LEASE("192.168.122.50", MAC, VALID) "]", "192.168.122.77 " MAC " fresh", NULL,
	  "192.168.122.50" },
	{ "neighbour-before-last-lease", "[" LEASE("192.168.122.50", MAC, OVER) "]", "192.168.122.77 " MAC " stale", NULL,
	  "192.168.122.77" },
	{ "last-lease-is-answered-by-other", "[" LEASE("192.168.122.50", MAC, OVER) "]",
	  "192.168.122.50 " OTHER " fresh", NULL, "unknown" },
	{ "says-it-has-the-others-lease", "[" LEASE("192.168.122.51", OTHER, VALID) "]", "192.168.122.51 " MAC " fresh",
	  NULL, "unknown" },
	{ "says-it-is-the-host", NULL, "192.168.122.1 " MAC " fresh", NULL, "unknown" },
	{ "neighbour-outside", NULL, "192.168.123.5 " MAC " fresh", NULL, "unknown" },
	{ "neighbour-of-ipv6", NULL, "2001:db8::5 " MAC " fresh", NULL, "unknown" },
	{ "fresh-before-stale", NULL, "192.168.122.20 " MAC " stale;192.168.122.77 " MAC " fresh", NULL,
	  "192.168.122.77" },
	{ "held-stays-among-equals", NULL, "192.168.122.20 " MAC " stale;192.168.122.77 " MAC " stale",
	  "192.168.122.77", "192.168.122.77" },
	{ "held-stays-among-fresh", NULL, "192.168.122.20 " MAC " fresh;192.168.122.77 " MAC " fresh",
	  "192.168.122.77", "192.168.122.77" },
	{ "held-gives-way-to-fresh", NULL, "192.168.122.20 " MAC " fresh;192.168.122.77 " MAC " stale",
	  "192.168.122.77", "192.168.122.20" },
	{ "broken-leases", "[{", "", "192.168.122.50", "unknown" },
	{ "broken-leases-and-a-neighbour", "[{", "192.168.122.77 " MAC " fresh", NULL, "192.168.122.77" },
};

static const Case ipv6_cases[] = {
	{ "leased", "[" LEASE("2001:db8::50", MAC, VALID) "]", "", NULL, "2001:db8::50" },
	{ "made-of-mac", NULL,
	  "2001:db8::1234 " MAC " stale;2001:db8::5054:ff:fe00:2210 " MAC " stale;fe80::5054:ff:fe00:2210 " MAC " fresh",
	  NULL, "2001:db8::5054:ff:fe00:2210" },
	{ "link-local-alone", NULL, "fe80::5054:ff:fe00:2210 " MAC " fresh", NULL, "unknown" },
	{ "ipv4-alone", "[" LEASE("192.168.122.50", MAC, VALID) "]", "192.168.122.50 " MAC " fresh", NULL, "unknown" },
};

static char *describe(ForwardFound found, const ForwardAddress *guest)
{
	char text[FORWARD_ADDRESS_LENGTH];

	if (found == FORWARD_FOUND)
		return g_strdup(forward_address_text(guest, text));
	return g_strdup(found == FORWARD_UNKNOWN ? "unknown" : "nowhere");
}

static void check(const Case *item, const char *net)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerHost) host = fakehost_new("", &error);
	g_autoptr(ForwardFinder) finder = forward_finder_new(host);
	ForwardSpan span = { .start = 2222, .end = 2222, .to = 22, .bridge = "virbr0", .mac = MAC };
	ForwardAddress held = { .family = AF_UNSPEC }, guest = { .family = AF_UNSPEC };
	g_autofree char *text = NULL;

	g_assert_no_error(error);
	fakehost_leases_set(host, "virbr0", item->leases);
	fakehost_neighbours_set(host, "virbr0", item->neighbours);
	fakehost_leases_set(host, "virbr1", "[" LEASE("192.168.122.9", MAC, VALID) "]");
	g_assert_true(forward_net_read(net, &span.net));
	span.family = span.net.address.family;
	if (item->held != NULL)
		g_assert_true(forward_address_read(item->held, &held));
	text = describe(forward_find(finder, &span, &held, &guest), &guest);
	g_assert_cmpstr(text, ==, item->expected);
}

static void test_ipv4(gconstpointer data)
{
	check(data, "192.168.122.1/24");
}

static void test_ipv6(gconstpointer data)
{
	check(data, "2001:db8::1/64");
}

static void add(const char *family, const Case *item, GTestDataFunc func)
{
	g_autofree char *path = g_strdup_printf("/forward-find/%s/%s", family, item->name);

	g_test_add_data_func(path, item, func);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* Broken files are said in the log, and that is no failure. */
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		add("ipv4", &cases[i], test_ipv4);
	for (gsize i = 0; i < G_N_ELEMENTS(ipv6_cases); i++)
		add("ipv6", &ipv6_cases[i], test_ipv6);
	return g_test_run();
}
