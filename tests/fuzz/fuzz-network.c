/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a network's XML. */

#include <string.h>

#include "hostler/error.h"
#include "hostler/network.h"
#include "hostler/text.h"
#include "tests/fuzz/fuzz.h"

static void check_subnet(const HostlerSubnet *subnet)
{
	g_assert_nonnull(subnet->address);
	g_assert_cmpuint(subnet->prefix, <=, subnet->ipv6 ? 128 : 32);
	g_assert_cmpint(strchr(subnet->address, ':') != NULL, ==, subnet->ipv6);
	for (guint i = 0; i < subnet->reservations->len; i++) {
		const HostlerReservation *reservation = g_ptr_array_index(subnet->reservations, i);

		g_assert_nonnull(reservation->ip);
		if (reservation->mac != NULL)
			g_assert_nonnull(hostler_subnet_reserved(subnet, reservation->mac));
	}
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerNetwork) network = hostler_network_from_xml((const char *)data, size, &error);

	if (network == NULL) {
		fuzz_check_error(error, HOSTLER_ERROR);
		return 0;
	}
	g_assert_nonnull(network->name);
	for (guint i = 0; i < network->subnets->len; i++)
		check_subnet(g_ptr_array_index(network->subnets, i));
	return 0;
}
