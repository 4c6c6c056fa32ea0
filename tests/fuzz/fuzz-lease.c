/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as libvirt's lease file: never an address outside the network, and
 * never one that is somebody else's. */

#include <string.h>

#include "hostler/error.h"
#include "plugins/forward/lease.h"
#include "tests/fuzz/fuzz.h"

static const char *const macs[] = { "52:54:00:00:22:10", "52:54:00:00:22:11", "52:54:00:00:22:12" };
static const char *const nets[] = { "192.168.122.1", "10.0.0.1", "2001:db8::1" };

static void check_found(const GArray *leases, const char *mac, const ForwardNet *net)
{
	const ForwardLease *lease = forward_leases_find(leases, mac, net);

	if (lease == NULL)
		return;
	g_assert_cmpstr(lease->mac, ==, mac);
	g_assert_true(forward_net_suits_guest(net, &lease->address));
	g_assert_true(forward_leases_of(leases, &lease->address) == lease);
	g_assert_cmpint(lease->expiry, >, 0);
}

static void check_net(const GArray *leases, const char *address)
{
	ForwardNet net;

	g_assert_true(forward_address_read(address, &net.address));
	net.prefix = net.address.family == AF_INET ? 24 : 64;
	for (gsize i = 0; i < G_N_ELEMENTS(macs); i++)
		check_found(leases, macs[i], &net);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) leases = forward_leases_parse((const char *)data, size, &error);

	if (leases == NULL) {
		fuzz_check_error(error, HOSTLER_ERROR);
		return 0;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(nets); i++)
		check_net(leases, nets[i]);
	return 0;
}
