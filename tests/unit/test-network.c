/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler_network_from_xml(): the three documents a <network> comes in. */

#include <string.h>

#include "hostler/error.h"
#include "hostler/network.h"

static HostlerNetwork *parse(const char *xml, GError **error)
{
	gsize length = strlen(xml);
	g_autofree char *exact = g_memdup2(xml, MAX(length, 1));

	return hostler_network_from_xml(exact, length, error);
}

/* By the first IPv4 subnet that reserves one. */
static const char *reserved_ipv4(const HostlerNetwork *network, const char *mac)
{
	const char *ip = NULL;

	for (guint i = 0; ip == NULL && i < network->subnets->len; i++) {
		const HostlerSubnet *subnet = g_ptr_array_index(network->subnets, i);

		if (!subnet->ipv6)
			ip = hostler_subnet_reserved(subnet, mac);
	}
	return ip;
}

/* Taken from libvirt 9.0 while the network ran: of the hook, and of /run. */
static void test_file(gconstpointer data)
{
	g_autofree char *path = g_build_filename(g_getenv("SOURCE_DIR"), "data", "network", (const char *)data, NULL);
	g_autofree char *xml = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerNetwork) network = NULL;
	const HostlerSubnet *subnet;

	g_assert_true(g_file_get_contents(path, &xml, NULL, NULL));
	network = parse(xml, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(network->name, ==, "default");
	g_assert_cmpstr(network->uuid, ==, "db6215e8-09ca-4535-ac98-a4d3961f9d66");
	g_assert_cmpstr(network->bridge, ==, "virbr7");
	g_assert_cmpstr(network->forward, ==, "nat");
	g_assert_cmpuint(network->subnets->len, ==, 2);
	subnet = g_ptr_array_index(network->subnets, 0);
	g_assert_cmpstr(subnet->address, ==, "192.168.177.1");
	g_assert_cmpuint(subnet->prefix, ==, 24);
	g_assert_false(subnet->ipv6);
	g_assert_cmpuint(subnet->reservations->len, ==, 1);
	subnet = g_ptr_array_index(network->subnets, 1);
	g_assert_cmpstr(subnet->address, ==, "fd00:77::1");
	g_assert_cmpuint(subnet->prefix, ==, 64);
	g_assert_true(subnet->ipv6);
	/* The XML has it as the admin wrote it: 52:54:00:AA:bb:0c. */
	g_assert_cmpstr(reserved_ipv4(network, "52:54:00:aa:bb:0c"), ==, "192.168.177.22");
	g_assert_cmpstr(reserved_ipv4(network, "52:54:0:AA:BB:c"), ==, "192.168.177.22");
	g_assert_null(reserved_ipv4(network, "52:54:00:aa:bb:0d"));
	g_assert_null(reserved_ipv4(network, "nonsense"));
	g_assert_null(reserved_ipv4(network, NULL));
}

static void test_plain(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerNetwork) network =
		parse("<network><name>a b;$(id)</name><metadata><name>x</name><bridge name='y'/></metadata>"
				"</network>", &error);

	g_assert_no_error(error);
	g_assert_cmpstr(network->name, ==, "a b;$(id)");
	g_assert_null(network->uuid);
	g_assert_null(network->bridge);
	g_assert_null(network->forward); /* isolated */
	g_assert_cmpuint(network->subnets->len, ==, 0);
}

static void test_forward(void)
{
	static const struct {
		const char *element;
		const char *mode;
	} table[] = {
		{"", NULL},
		{"<forward/>", "nat"},
		{"<forward mode='nat'/>", "nat"},
		{"<forward mode='route'/>", "route"},
		{"<forward mode='open' dev='eth0'><interface dev='eth0'/></forward>", "open"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *xml = g_strdup_printf("<network><name>n</name>%s</network>", table[i].element);
		g_autoptr(HostlerNetwork) network = parse(xml, NULL);

		g_assert_nonnull(network);
		g_assert_cmpstr(network->forward, ==, table[i].mode);
	}
}

static void test_prefixes(void)
{
	static const struct {
		const char *attributes;
		int prefix; /* -1: refused */
	} table[] = {
		{"address='10.0.0.1' netmask='255.255.255.0'", 24},
		{"address='10.0.0.1' netmask='255.255.255.255'", 32},
		{"address='10.0.0.1' netmask='0.0.0.0'", 0}, {"address='10.0.0.1' prefix='20'", 20},
		{"address='10.0.0.1'", 8}, {"address='172.16.0.1'", 16}, {"address='192.168.0.1'", 24},
		{"family='ipv6' address='fd00::1'", 64}, {"family='ipv6' address='fd00::1' prefix='56'", 56},
		{"family='ipv4' address='10.0.0.1' prefix='32'", 32},
		{"address='10.0.0.1' netmask='255.0.255.0'", -1}, {"address='10.0.0.1' netmask='24'", -1},
		{"address='10.0.0.1' prefix='33'", -1}, {"address='10.0.0.1' prefix=''", -1},
		{"family='ipv6' address='fd00::1' prefix='129'", -1},
		{"family='ipv6' address='fd00::1' netmask='ffff::'", -1},
		{"family='ipv6' address='10.0.0.1'", -1}, {"address='fd00::1'", -1}, {"address='x'", -1},
		{"prefix='24'", -1},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *xml = g_strdup_printf("<network><name>n</name><ip %s/></network>",
				table[i].attributes);
		g_autoptr(GError) error = NULL;
		g_autoptr(HostlerNetwork) network = parse(xml, &error);

		if (table[i].prefix < 0) {
			g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_XML);
			continue;
		}
		g_assert_no_error(error);
		g_assert_cmpuint(((HostlerSubnet *)network->subnets->pdata[0])->prefix, ==, (guint)table[i].prefix);
	}
}

#define NETWORK(hosts) \
	"<network><name>n</name><ip address='10.0.0.1' prefix='24'><dhcp>" hosts "</dhcp></ip></network>"

static void test_reservations(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerNetwork) network = parse(
		"<network><name>n</name>"
		"<ip family='ipv6' address='fd00::1'><dhcp><host id='0:1:2' ip='fd00::7'/>"
		"<host mac='52:54:00:00:00:02' ip='fd00::8'/></dhcp></ip>"
		"<ip address='10.0.0.1' prefix='24'><dhcp><host name='byname' ip='10.0.0.5'/>"
		"<host mac='52:54:00:00:00:01' name='nowhere'/><host mac='52:54:00:00:00:02' ip='10.0.0.6'/></dhcp>"
		"</ip>"
		"<ip address='10.0.1.1' prefix='24'><dhcp><host mac='52:54:00:00:00:03' ip='10.0.1.6'/></dhcp></ip>"
		"</network>", &error);
	const HostlerSubnet *subnet;

	g_assert_no_error(error);
	subnet = g_ptr_array_index(network->subnets, 1);
	g_assert_cmpuint(subnet->reservations->len, ==, 2);
	g_assert_null(((HostlerReservation *)subnet->reservations->pdata[0])->mac);
	g_assert_cmpstr(((HostlerReservation *)subnet->reservations->pdata[0])->ip, ==, "10.0.0.5");
	g_assert_null(reserved_ipv4(network, "52:54:00:00:00:01"));
	g_assert_cmpstr(reserved_ipv4(network, "52:54:00:00:00:02"), ==, "10.0.0.6");
	g_assert_cmpstr(reserved_ipv4(network, "52:54:00:00:00:03"), ==, "10.0.1.6");
}

/* Only those that say the MAC: DUID-LL and DUID-LLT of an Ethernet card. */
static void test_duid(void)
{
	static const struct {
		const char *id, *mac;
	} table[] = {
		{"0:3:0:1:52:54:0:aB:0:1", "52:54:00:ab:00:01"},
		{"00:03:00:01:52:54:00:00:00:01", "52:54:00:00:00:01"},
		{"0:1:0:1:18:aa:62:fe:52:54:0:0:0:1", "52:54:00:00:00:01"},
		{"0:3:0:6:52:54:0:0:0:1", NULL}, {"0:2:0:1:52:54:0:0:0:1", NULL}, {"0:3:0:1:52:54:0:0:0", NULL},
		{"0:1:0:1:52:54:0:0:0:1", NULL}, {"0:4:1:2:3:4:5:6:7:8:9:a:b:c:d:e:f:10", NULL}, {"0:1:2", NULL},
		{"0:3:0:1:52:54:0:0:0:1:0", NULL}, {"x:3:0:1:52:54:0:0:0:1", NULL}, {"", NULL},
		{"0:3:0:1:52:54:0:0:0:zz", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *xml = g_strdup_printf(
			"<network><name>n</name><ip family='ipv6' address='fd00::1'><dhcp>"
			"<host id='%s' ip='fd00::7'/></dhcp></ip></network>", table[i].id);
		g_autoptr(GError) error = NULL;
		g_autoptr(HostlerNetwork) network = parse(xml, &error);
		const HostlerSubnet *subnet;

		g_assert_no_error(error);
		subnet = g_ptr_array_index(network->subnets, 0);
		g_assert_cmpstr(((HostlerReservation *)subnet->reservations->pdata[0])->mac, ==, table[i].mac);
	}
}

static void test_refused(void)
{
	static const struct {
		const char *xml;
		const char *words;
	} table[] = {
		{"<domain><name>x</name></domain>", "the root must be <network>"},
		{"<hookData/>", "has no <network>"},
		{"<networkstatus><name>x</name></networkstatus>", "has no <network>"},
		{"<hookData><network><name>a</name></network><network/></hookData>", "a second <network>"},
		{"<network/>", "there is no <name>"},
		{"<network><name/></network>", "the name is empty"},
		{"<network><name>a</name><name>b</name></network>", "a second <name>"},
		{"<network><name>a</name><uuid>1</uuid></network>", "this is no UUID"},
		{"<network><name>a</name><bridge/><bridge/></network>", "a second <bridge>"},
		{"<network><name>a</name><ip/></network>", "attribute 'address' is missing"},
		{NETWORK("<host ip='fd00::1'/>"), "the ip is none of its network's family"},
		{NETWORK("<host ip='x'/>"), "the ip is none"},
		{NETWORK("<host mac='x' ip='10.0.0.2'/>"), "the mac is none"},
		{"<!DOCTYPE x><network><name>a</name></network>", "DOCTYPE"},
		{"<network><name>a</name>", "malformed"},
		{"", "empty"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(parse(table[i].xml, &error));
		g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_XML);
		g_assert_true(g_str_has_prefix(error->message, "the network's XML"));
		if (strstr(error->message, table[i].words) == NULL)
			g_error("expected \"%s\" in \"%s\"", table[i].words, error->message);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/network/file/hook", "hook.xml", test_file);
	g_test_add_data_func("/network/file/status", "status.xml", test_file);
	g_test_add_func("/network/plain", test_plain);
	g_test_add_func("/network/forward", test_forward);
	g_test_add_func("/network/prefixes", test_prefixes);
	g_test_add_func("/network/reservations", test_reservations);
	g_test_add_func("/network/duid", test_duid);
	g_test_add_func("/network/refused", test_refused);
	return g_test_run();
}
