/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and networks of both families: there and back, and who is in them. */
#include <glib.h>

#include "plugins/forward/address.h"

static void test_round_trip(void)
{
	static const char *const addresses[] = { "192.0.2.7", "255.255.255.255", "2001:db8::7", "::1" };
	static const char *const nets[] = { "192.168.122.1/24", "0.0.0.0/0", "10.0.0.0/32", "fd00::1/64", "::/0" };
	char text[FORWARD_NET_LENGTH];

	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
		ForwardAddress address;

		g_assert_true(forward_address_read(addresses[i], &address));
		g_assert_cmpstr(forward_address_text(&address, text), ==, addresses[i]);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(nets); i++) {
		ForwardNet net;

		g_assert_true(forward_net_read(nets[i], &net));
		g_assert_cmpstr(forward_net_text(&net, text), ==, nets[i]);
	}
}

static void test_unsound(void)
{
	static const char *const addresses[] = { "", "0.0.0.0", "::", "10.0.0", "10.0.0.256", "fd00:::1", "any" };
	static const char *const nets[] = { "", "10.0.0.1", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/-1", "fd00::/129",
					    "/24", "10.0.0.1/24x" };

	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
		ForwardAddress address;

		g_assert_false(forward_address_read(addresses[i], &address));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(nets); i++) {
		ForwardNet net;

		g_assert_false(forward_net_read(nets[i], &net));
	}
}

static void test_ends(void)
{
	static const struct {
		const char *net, *first, *last;
	} table[] = {
		{ "192.168.122.1/24", "192.168.122.0", "192.168.122.255" },
		{ "10.1.2.3/9", "10.0.0.0", "10.127.255.255" },
		{ "10.1.2.3/32", "10.1.2.3", "10.1.2.3" },
		{ "fd00::1/64", "fd00::", "fd00::ffff:ffff:ffff:ffff" },
		{ "fd00::1/127", "fd00::", "fd00::1" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		char text[FORWARD_ADDRESS_LENGTH];
		ForwardNet net;
		ForwardAddress end;

		g_assert_true(forward_net_read(table[i].net, &net));
		end = forward_net_end(&net, TRUE);
		g_assert_cmpstr(forward_address_text(&end, text), ==, table[i].first);
		end = forward_net_end(&net, FALSE);
		g_assert_cmpstr(forward_address_text(&end, text), ==, table[i].last);
	}
}

static void test_guests(void)
{
	static const struct {
		const char *net, *guest;
		gboolean holds, suits;
	} table[] = {
		{ "192.168.122.1/24", "192.168.122.2", TRUE, TRUE },
		{ "192.168.122.1/24", "192.168.122.254", TRUE, TRUE },
		{ "192.168.122.1/24", "192.168.122.1", TRUE, FALSE },
		{ "192.168.122.1/24", "192.168.122.0", TRUE, FALSE },
		{ "192.168.122.1/24", "192.168.122.255", TRUE, FALSE },
		{ "192.168.122.1/24", "192.168.123.2", FALSE, FALSE },
		{ "192.168.122.1/24", "192.168.121.255", FALSE, FALSE },
		{ "192.168.122.1/24", "fd00::2", FALSE, FALSE },
		{ "10.0.0.0/31", "10.0.0.1", TRUE, TRUE },
		{ "10.0.0.1/32", "10.0.0.1", TRUE, FALSE },
		{ "fd00::1/64", "fd00::2", TRUE, TRUE },
		{ "fd00::1/64", "fd00::", TRUE, FALSE },
		{ "fd00::1/64", "fd00::1", TRUE, FALSE },
		{ "fd00::1/64", "fd00::ffff:ffff:ffff:ffff", TRUE, TRUE },
		{ "fd00::1/64", "fd00:0:0:1::2", FALSE, FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		ForwardAddress guest;
		ForwardNet net;

		g_assert_true(forward_net_read(table[i].net, &net) && forward_address_read(table[i].guest, &guest));
		g_assert_cmpint(forward_net_holds(&net, &guest), ==, table[i].holds);
		g_assert_cmpint(forward_net_suits_guest(&net, &guest), ==, table[i].suits);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/forward/address/round-trip", test_round_trip);
	g_test_add_func("/forward/address/unsound", test_unsound);
	g_test_add_func("/forward/address/ends", test_ends);
	g_test_add_func("/forward/address/guests", test_guests);
	return g_test_run();
}
