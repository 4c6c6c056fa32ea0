/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's <network>, bare, in <hookData> or in <networkstatus> -> HostlerNetwork. */

#include "hostler/network.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/values.h"
#include "core/xml.h"
#include "hostler/text.h"

static void free_reservation(gpointer data)
{
	HostlerReservation *reservation = data;

	g_free(reservation->mac);
	g_free(reservation->ip);
	g_free(reservation);
}

static void free_subnet(gpointer data)
{
	HostlerSubnet *subnet = data;

	g_free(subnet->address);
	g_ptr_array_unref(subnet->reservations);
	g_free(subnet);
}

static gboolean end_uuid(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerNetwork *network = data;
	g_autofree char *text = g_strstrip(g_strdup(hostler_xml_text(xml)));

	network->uuid = hostler_text_uuid(text);
	return network->uuid != NULL || hostler_xml_fail(xml, error, "this is no UUID");
}

static gboolean end_name(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerNetwork *network = data;

	network->name = g_strdup(hostler_xml_text(xml));
	return network->name[0] != '\0' || hostler_xml_fail(xml, error, "the name is empty");
}

static gboolean begin_bridge(HostlerXml *xml, gpointer data, GError **error)
{
	((HostlerNetwork *)data)->bridge = g_strdup(hostler_xml_attribute(xml, "name"));
	return TRUE;
}

static gboolean begin_forward(HostlerXml *xml, gpointer data, GError **error)
{
	const char *mode = hostler_xml_attribute(xml, "mode");

	((HostlerNetwork *)data)->forward = g_strdup(mode != NULL ? mode : "nat"); /* libvirt's default */
	return TRUE;
}

/* As libvirt counts when the XML has neither prefix nor netmask: by class. */
static guint default_prefix(const HostlerSubnet *subnet)
{
	struct in_addr address;

	if (subnet->ipv6)
		return 64;
	if (inet_pton(AF_INET, subnet->address, &address) != 1)
		return 0;
	address.s_addr = ntohl(address.s_addr);
	return address.s_addr >> 31 == 0 ? 8 : address.s_addr >> 30 == 2 ? 16 : 24;
}

static gboolean read_netmask(const char *text, guint *prefix)
{
	struct in_addr mask;
	guint32 bits;

	if (inet_pton(AF_INET, text, &mask) != 1)
		return FALSE;
	bits = ntohl(mask.s_addr);
	*prefix = (guint)__builtin_popcount(bits);
	return (bits & (~bits >> 1)) == 0; /* ones, then zeros */
}

static gboolean read_prefix(HostlerXml *xml, HostlerSubnet *subnet, GError **error)
{
	const char *prefix = hostler_xml_attribute(xml, "prefix");
	const char *netmask = hostler_xml_attribute(xml, "netmask");
	guint64 number;

	if (prefix != NULL) {
		if (!g_ascii_string_to_unsigned(prefix, 10, 0, subnet->ipv6 ? 128 : 32, &number, NULL))
			return hostler_xml_fail(xml, error, "the prefix is none of its family");
		subnet->prefix = (guint)number;
	} else if (netmask == NULL) {
		subnet->prefix = default_prefix(subnet);
	} else if (subnet->ipv6 || !read_netmask(netmask, &subnet->prefix)) {
		return hostler_xml_fail(xml, error, "the netmask is none");
	}
	return TRUE;
}

static gboolean begin_ip(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerNetwork *network = data;
	HostlerSubnet *subnet = g_new0(HostlerSubnet, 1);
	const char *address = hostler_xml_require(xml, "address", error);

	subnet->reservations = g_ptr_array_new_with_free_func(free_reservation);
	g_ptr_array_add(network->subnets, subnet);
	if (address == NULL)
		return FALSE;
	subnet->ipv6 = g_strcmp0(hostler_xml_attribute(xml, "family"), "ipv6") == 0;
	subnet->address = hostler_value_address(address);
	if (subnet->address == NULL || subnet->ipv6 != (strchr(subnet->address, ':') != NULL))
		return hostler_xml_fail(xml, error, "the address is none of its family");
	return read_prefix(xml, subnet, error);
}

/* "0:3:0:1:52:54:0:0:0:1": a DUID made from a MAC (of type 1, with a time between,
 * or 3; hardware 1 is Ethernet). libvirt takes no mac= for IPv6. */
static char *mac_from_duid(const char *id)
{
	g_auto(GStrv) bytes = g_strsplit(id, ":", -1);
	guint n = g_strv_length(bytes);
	guint64 values[4] = { 0 };
	g_autofree char *mac = NULL;
	gboolean has_time;

	for (guint i = 0; n >= 4 && i < 4; i++) {
		if (!g_ascii_string_to_unsigned(bytes[i], 16, 0, G_MAXUINT8, &values[i], NULL))
			return NULL;
	}
	has_time = values[1] == 1;
	if (values[0] != 0 || (!has_time && values[1] != 3) || values[2] != 0 || values[3] != 1 ||
	    n != (has_time ? 14 : 10))
		return NULL;
	mac = g_strjoinv(":", bytes + n - 6);
	return hostler_text_mac(mac);
}

/* A host without an address is a name for a lease, and reserves nothing. */
static gboolean begin_host(HostlerXml *xml, gpointer data, GError **error)
{
	const HostlerNetwork *network = data;
	const HostlerSubnet *subnet = g_ptr_array_index(network->subnets, network->subnets->len - 1);
	const char *mac = hostler_xml_attribute(xml, "mac");
	const char *ip = hostler_xml_attribute(xml, "ip");
	const char *id = hostler_xml_attribute(xml, "id");
	HostlerReservation *reservation;

	if (ip == NULL)
		return TRUE;
	reservation = g_new0(HostlerReservation, 1);
	g_ptr_array_add(subnet->reservations, reservation);
	reservation->mac = hostler_text_mac(mac);
	if (subnet->ipv6 && mac == NULL && id != NULL)
		reservation->mac = mac_from_duid(id);
	reservation->ip = hostler_value_address(ip);
	if (reservation->ip == NULL || (strchr(reservation->ip, ':') != NULL) != subnet->ipv6)
		return hostler_xml_fail(xml, error, "the ip is none of its network's family");
	if (mac != NULL && reservation->mac == NULL)
		return hostler_xml_fail(xml, error, "the mac is none");
	return TRUE;
}

static gboolean end_network(HostlerXml *xml, gpointer data, GError **error)
{
	return ((HostlerNetwork *)data)->name != NULL ||
		hostler_xml_fail(xml, error, "there is no <name> directly below");
}

static const HostlerXmlElement dhcp_children[] = {{.name = "host", .begin = begin_host}, {.name = NULL}};
static const HostlerXmlElement ip_children[] = {
	{.name = "dhcp", .once = TRUE, .children = dhcp_children},
	{.name = NULL},
};

static const HostlerXmlElement network_children[] = {
	{.name = "uuid", .once = TRUE, .text = TRUE, .end = end_uuid},
	{.name = "name", .once = TRUE, .text = TRUE, .end = end_name},
	{.name = "bridge", .once = TRUE, .begin = begin_bridge},
	{.name = "forward", .once = TRUE, .begin = begin_forward},
	{.name = "ip", .children = ip_children, .begin = begin_ip},
	{.name = NULL},
};

static const HostlerXmlElement wrapped[] = {
	{.name = "network", .once = TRUE, .children = network_children, .end = end_network},
	{.name = NULL},
};

static const HostlerXmlElement roots[] = {
	{.name = "network", .children = network_children, .end = end_network},
	{.name = "hookData", .children = wrapped},      /* of the network hook */
	{.name = "networkstatus", .children = wrapped}, /* in /run/libvirt/network */
	{.name = NULL},
};

HostlerNetwork *hostler_network_from_xml(const char *xml, gsize length, GError **error)
{
	g_autoptr(HostlerNetwork) network = g_new0(HostlerNetwork, 1);

	network->subnets = g_ptr_array_new_with_free_func(free_subnet);
	if (!hostler_xml_walk(xml, length, roots, network, error)) {
		g_prefix_error(error, "the network's XML, ");
		return NULL;
	}
	if (network->name != NULL)
		return g_steal_pointer(&network);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_XML, "the network's XML has no <network>");
	return NULL;
}

void hostler_network_free(HostlerNetwork *network)
{
	if (network == NULL)
		return;
	g_free(network->uuid);
	g_free(network->name);
	g_free(network->bridge);
	g_free(network->forward);
	g_ptr_array_unref(network->subnets);
	g_free(network);
}

const char *hostler_subnet_reserved(const HostlerSubnet *subnet, const char *mac)
{
	g_autofree char *wanted = hostler_text_mac(mac);

	for (guint i = 0; wanted != NULL && i < subnet->reservations->len; i++) {
		const HostlerReservation *reservation = g_ptr_array_index(subnet->reservations, i);

		if (g_strcmp0(reservation->mac, wanted) == 0)
			return reservation->ip;
	}
	return NULL;
}
