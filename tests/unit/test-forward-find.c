/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a guest without a reserved address is, and when nobody says so. */
#include <arpa/inet.h>
#include <glib.h>
#include <string.h>

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
	{ "last-lease-was-last-answered-by-other", "[" LEASE("192.168.122.50", MAC, OVER) "]",
	  "192.168.122.50 " OTHER " stale", NULL, "unknown" },
	{ "last-lease-is-held-and-was-last-answered-by-other", "[" LEASE("192.168.122.50", MAC, OVER) "]",
	  "192.168.122.50 " OTHER " stale", "192.168.122.50", "unknown" },
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
	/* Leases are there, and nobody can say whose that address is. */
	{ "broken-leases-and-a-neighbour", "[{", "192.168.122.77 " MAC " fresh", NULL, "unknown" },
	{ "unread-leases", "!is torn", "", "192.168.122.50", "unknown" },
	{ "unread-leases-and-a-neighbour", "!is torn", "192.168.122.77 " MAC " fresh", NULL, "192.168.122.77" },
	{ "broken-leases-and-held-is-answered-by-other", "[{", "192.168.122.50 " OTHER " fresh", "192.168.122.50",
	  "nowhere" },
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

/* Cards and networks in turn, of one settling. */
static void test_in_turn(void)
{
	static const struct {
		const char *mac, *net, *expected;
	} spans[] = {
		{ MAC, "192.168.122.1/24", "192.168.122.50" },
		{ MAC, "192.168.122.1/24", "192.168.122.50" },
		{ MAC, "2001:db8::1/64", "2001:db8::50" },
		{ OTHER, "2001:db8::1/64", "unknown" },
		{ OTHER, "192.168.122.1/24", "192.168.122.51" },
		{ MAC, "192.168.122.1/24", "192.168.122.50" },
		{ MAC, "192.168.122.1/27", "unknown" },
		{ MAC, "192.168.122.33/27", "192.168.122.50" },
	};
	g_autoptr(HostlerHost) host = fakehost_new("", NULL);
	g_autoptr(ForwardFinder) finder = forward_finder_new(host);

	fakehost_leases_set(host, "virbr0",
			    "[" LEASE("192.168.122.50", MAC, VALID) "," LEASE("2001:db8::50", MAC, VALID) ","
			    LEASE("192.168.122.51", OTHER, VALID) "]");
	fakehost_neighbours_set(host, "virbr0", "");
	for (gsize i = 0; i < G_N_ELEMENTS(spans); i++) {
		ForwardSpan span = { .start = 2222, .end = 2222, .to = 22, .bridge = "virbr0" };
		ForwardAddress held = { .family = AF_UNSPEC }, guest = { .family = AF_UNSPEC };
		g_autofree char *text = NULL;

		g_strlcpy(span.mac, spans[i].mac, sizeof(span.mac));
		g_assert_true(forward_net_read(spans[i].net, &span.net));
		text = describe(forward_find(finder, &span, &held, &guest), &guest);
		g_assert_cmpstr(text, ==, spans[i].expected);
	}
}

/* --- what is said of leases that cannot be read --- */

static GPtrArray *said;

static GLogWriterOutput hear(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
	for (gsize i = 0; i < n_fields; i++) {
		if (g_str_equal(fields[i].key, "MESSAGE"))
			g_ptr_array_add(said, g_strdup(fields[i].value));
	}
	return G_LOG_WRITER_HANDLED;
}

/* As at each settling. What was said meanwhile is asked for by the caller. */
static void look(HostlerHost *host, const char *bridge, const char *leases)
{
	g_autoptr(ForwardFinder) finder = forward_finder_new(host);
	ForwardSpan span = { .start = 2222, .end = 2222, .to = 22, .mac = MAC };
	ForwardAddress held = { .family = AF_UNSPEC }, guest;

	g_strlcpy(span.bridge, bridge, sizeof(span.bridge));
	g_assert_true(forward_net_read("192.168.122.1/24", &span.net));
	fakehost_leases_set(host, bridge, leases);
	g_ptr_array_set_size(said, 0);
	forward_find(finder, &span, &held, &guest);
}

static void assert_said(const char *bridge, const char *what)
{
	g_assert_cmpuint(said->len, ==, 1);
	g_assert_nonnull(strstr(said->pdata[0], bridge));
	g_assert_nonnull(strstr(said->pdata[0], what));
}

static void test_said_once(void)
{
	g_autoptr(HostlerHost) host = fakehost_new("", NULL);

	look(host, "virbr0", "!is torn");
	assert_said("virbr0", "it is torn");
	look(host, "virbr0", "!is torn");
	g_assert_cmpuint(said->len, ==, 0);
	look(host, "virbr1", "!is torn");
	assert_said("virbr1", "it is torn");
	look(host, "virbr0", "[{");
	assert_said("virbr0", "not JSON");
	look(host, "virbr0", "[]");
	g_assert_cmpuint(said->len, ==, 0);
	look(host, "virbr0", NULL);
	g_assert_cmpuint(said->len, ==, 0);
	look(host, "virbr0", "[{");
	assert_said("virbr0", "not JSON");
}

static void add(const char *family, const Case *item, GTestDataFunc func)
{
	g_autofree char *path = g_strdup_printf("/forward-find/%s/%s", family, item->name);

	g_test_add_data_func(path, item, func);
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	said = g_ptr_array_new_with_free_func(g_free);
	g_log_set_writer_func(hear, NULL, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		add("ipv4", &cases[i], test_ipv4);
	for (gsize i = 0; i < G_N_ELEMENTS(ipv6_cases); i++)
		add("ipv6", &ipv6_cases[i], test_ipv6);
	g_test_add_func("/forward-find/in-turn", test_in_turn);
	g_test_add_func("/forward-find/said-once", test_said_once);
	status = g_test_run();
	g_ptr_array_unref(said);
	return status;
}
