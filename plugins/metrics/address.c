/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the host reaches a VM's NICs. */
#include "address.h"

#include <string.h>

#include "hostler/network.h"
#include "inventory.h"

static const char *find_reserved(const HostlerNetwork *network, const char *mac, gboolean ipv6)
{
	const char *address = NULL;

	for (guint i = 0; i < network->subnets->len && address == NULL; i++) {
		const HostlerSubnet *subnet = g_ptr_array_index(network->subnets, i);

		if (subnet->ipv6 == ipv6)
			address = hostler_subnet_reserved(subnet, mac);
	}
	return address;
}

/* To be freed. IPv6 where there is no other. */
static char *find_address(const GPtrArray *xmls, const HostlerInterface *nic)
{
	for (guint i = 0; nic->network != NULL && nic->mac != NULL && i < xmls->len; i++) {
		const char *xml = g_ptr_array_index(xmls, i);
		g_autoptr(HostlerNetwork) network = hostler_network_from_xml(xml, strlen(xml), NULL);
		const char *address;

		if (network == NULL || !g_str_equal(network->name, nic->network))
			continue;
		address = find_reserved(network, nic->mac, FALSE);
		return g_strdup(address != NULL ? address : find_reserved(network, nic->mac, TRUE));
	}
	return NULL;
}

#define MACVTAP "macvtap: host and guest do not see each other; measure it from a third machine"

void metrics_addresses_fill(GKeyFile *stay, const HostlerDomain *domain, const GPtrArray *xmls)
{
	for (guint i = 0; i < domain->interfaces->len; i++) {
		const HostlerInterface *nic = g_ptr_array_index(domain->interfaces, i);
		g_autofree char *group = g_strdup_printf(METRICS_NICS "%u", i);
		g_autofree char *address = find_address(xmls, nic);

		if (nic->type == HOSTLER_NIC_DIRECT)
			g_key_file_set_string(stay, group, METRICS_RTT_UNMEASURED, MACVTAP);
		else if (address != NULL)
			g_key_file_set_string(stay, group, METRICS_ADDRESS, address);
	}
}
