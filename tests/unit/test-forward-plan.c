/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's metadata and the networks that run -> spans, or the words of a refusal. */
#include <glib.h>
#include <string.h>

#include "hostler/network.h"
#include "plugins/forward/plan.h"

#define NETWORK(name, forward, bridge, ips) \
	"<network><name>" name "</name><uuid>00000000-0000-0000-0000-000000000001</uuid>" forward \
	"<bridge name='" bridge "'/>" ips "</network>"
#define HOST(mac, ip) "<host mac='" mac "' ip='" ip "'/>"
#define IP(net, hosts) "<ip address='" net ".1' netmask='255.255.255.0'><dhcp>" hosts "</dhcp></ip>"

#define A "52:54:00:00:00:0a"
#define B "52:54:00:00:00:0b"
#define C "52:54:00:00:00:0c"

static const char *const network_xmls[] = {
	NETWORK("default", "<forward mode='nat'/>", "virbr0", IP("192.168.122", HOST(A, "192.168.122.10"))),
	NETWORK("second", "<forward mode='nat'/>", "virbr1",
		IP("192.168.123", HOST(A, "192.168.123.10") HOST(B, "192.168.123.11"))),
	NETWORK("alone", "", "virbr2", IP("192.168.124", HOST(A, "192.168.124.10"))),
	NETWORK("routed", "<forward mode='route'/>", "virbr3", IP("192.168.125", "")),
	NETWORK("opened", "<forward mode='open'/>", "virbr4", IP("192.168.126", "")),
	NETWORK("bridged", "<forward mode='bridge'/>", "br0", ""),
	NETWORK("odd; name", "<forward mode='nat'/>", "virbr5", ""),
	NETWORK("dual", "<forward mode='nat'><nat ipv6='yes'/></forward>", "virbr7",
		IP("192.168.131", HOST(A, "192.168.131.10"))
		"<ip family='ipv6' address='fd00:7::1' prefix='64'><dhcp>"
		"<host id='0:3:0:1:52:54:0:0:0:a' ip='fd00:7::10'/></dhcp></ip>"),
	NETWORK("several", "<forward mode='nat'/>", "virbr6",
		IP("192.168.129", "") IP("192.168.130", HOST(A, "192.168.130.10"))),
	NETWORK("wild", "<forward mode='nat'/>", "virbr+", IP("192.168.128", HOST(A, "192.168.128.10"))),
};

#define NIC(network, mac) \
	"<interface type='network'><mac address='" mac "'/><source network='" network "'/></interface>"
#define NIC_OF(type, source, mac) \
	"<interface type='" type "'><mac address='" mac "'/><source " source "/></interface>"
#define DUAL4 " mac=" A " net=192.168.131.1/24"
#define DUAL6 " mac=" A " net=fd00:7::1/64"
#define PF(attributes, ranges) "<portForward " attributes ">" ranges "</portForward>"
#define ALL_PORTS(proto) PF("proto='" proto "'", "<range start='1' end='65535'/>")

typedef struct {
	const char *name;
	const char *nics;
	const char *forwards;
	const char *spans;   /* one a line */
	const char *refusal; /* words of the first */
} Case;

static const Case cases[] = {
	{ "one", NIC("default", A), PF("proto='tcp'", "<range start='2222' to='22'/>"),
	  "tcp any 2222 2222 22 virbr0 192.168.122.10 mac=" A " net=192.168.122.1/24", NULL },
	{ "ranges", NIC("default", A),
	  PF("proto='udp'", "<range start='5000'/><range start='8000' end='8010' to='9000'/>"),
	  "udp any 5000 5000 5000 virbr0 192.168.122.10 mac=" A " net=192.168.122.1/24\n"
	  "udp any 8000 8010 9000 virbr0 192.168.122.10 mac=" A " net=192.168.122.1/24", NULL },
	{ "all-ports", NIC("default", A), PF("proto='tcp'", "<range start='1' end='65535'/>"),
	  "tcp any 1 65535 1 virbr0 192.168.122.10 mac=" A " net=192.168.122.1/24", NULL },
	{ "too-many-ports", NIC("default", A),
	  ALL_PORTS("tcp") ALL_PORTS("udp") ALL_PORTS("sctp")
	  PF("proto='tcp' address='192.0.2.7'", "<range start='80'/>"), "",
	  "196606 ports of this host's addresses" },
	{ "excluded-middle", NIC("default", A),
	  PF("proto='tcp'", "<range start='10' end='20' to='110'/><range start='12' end='14' exclude='yes'/>"),
	  "tcp any 10 11 110 virbr0 192.168.122.10 mac=" A " net=192.168.122.1/24\n"
	  "tcp any 15 20 115 virbr0 192.168.122.10 mac=" A " net=192.168.122.1/24", NULL },
	{ "excluded-ends", NIC("default", A),
	  PF("proto='tcp'", "<range start='10' end='20'/><range start='1' end='10' exclude='yes'/>"
			    "<range start='20' end='65535' exclude='yes'/>"),
	  "tcp any 11 19 11 virbr0 192.168.122.10 mac=" A " net=192.168.122.1/24", NULL },
	{ "excluded-first", NIC("default", A),
	  PF("proto='tcp'", "<range start='12' exclude='yes'/><range start='10' end='12'/>"),
	  "tcp any 10 11 10 virbr0 192.168.122.10 mac=" A " net=192.168.122.1/24", NULL },
	{ "excluded-elsewhere", NIC("default", A),
	  PF("proto='tcp'", "<range start='10' end='12'/><range start='13' exclude='yes'/>")
	  PF("proto='udp'", "<range start='13'/>"),
	  "tcp any 10 12 10 virbr0 192.168.122.10 mac=" A " net=192.168.122.1/24\n"
	  "udp any 13 13 13 virbr0 192.168.122.10 mac=" A " net=192.168.122.1/24", NULL },
	{ "excluded-all", NIC("default", A),
	  PF("proto='tcp'", "<range start='10' end='12'/><range start='10' end='12' exclude='yes'/>"), "",
	  "forwards no port" },
	{ "address", NIC("default", A), PF("proto='tcp' address='192.0.2.7'", "<range start='80'/>"),
	  "tcp 192.0.2.7 80 80 80 virbr0 192.168.122.10 mac=" A " net=192.168.122.1/24", NULL },
	{ "address-loopback", NIC("default", A), PF("proto='tcp' address='127.0.0.1'", "<range start='80'/>"), "",
	  "127.0.0.1" },
	{ "address-loopback-ip6", NIC("dual", A), PF("proto='tcp' address='::1'", "<range start='80'/>"), "", "::1" },
	{ "address-ip6", NIC("dual", A), PF("proto='tcp' address='2001:db8::7'", "<range start='80'/>"),
	  "tcp 2001:db8::7 80 80 80 virbr7 fd00:7::10" DUAL6, NULL },
	{ "address-ip4-of-two", NIC("dual", A), PF("proto='tcp' address='192.0.2.7'", "<range start='80'/>"),
	  "tcp 192.0.2.7 80 80 80 virbr7 192.168.131.10" DUAL4, NULL },
	{ "address-ip6-without", NIC("default", A), PF("proto='tcp' address='2001:db8::7'", "<range start='80'/>"), "",
	  "its network 'default' has no IPv6 address" },
	{ "both-families", NIC("dual", A), PF("proto='sctp'", "<range start='80'/>"),
	  "sctp any 80 80 80 virbr7 192.168.131.10" DUAL4 "\nsctp any 80 80 80 virbr7 fd00:7::10" DUAL6, NULL },
	{ "both-families-floating", NIC("dual", B), PF("proto='tcp'", "<range start='80'/>"),
	  "tcp any 80 80 80 virbr7 floating mac=" B " net=192.168.131.1/24\n"
	  "tcp any 80 80 80 virbr7 floating mac=" B " net=fd00:7::1/64", NULL },
	{ "source", NIC("default", A), PF("proto='tcp' source='10.0.0.0/8, 192.0.2.7'", "<range start='80'/>"),
	  "tcp any 80 80 80 virbr0 192.168.122.10 mac=" A " net=192.168.122.1/24 source=10.0.0.0/8,192.0.2.7/32", NULL },
	{ "source-of-both", NIC("dual", A), PF("proto='tcp' source='10.0.0.0/8,fd00::/8'", "<range start='80'/>"),
	  "tcp any 80 80 80 virbr7 192.168.131.10" DUAL4 " source=10.0.0.0/8\n"
	  "tcp any 80 80 80 virbr7 fd00:7::10" DUAL6 " source=fd00::/8", NULL },
	{ "source-of-one", NIC("dual", A), PF("proto='tcp' source='fd00::/8'", "<range start='80'/>"),
	  "tcp any 80 80 80 virbr7 fd00:7::10" DUAL6 " source=fd00::/8", NULL },
	{ "source-not-of-the-network", NIC("default", A),
	  PF("proto='tcp' source='10.0.0.0/8,fd00::/8'", "<range start='80'/>"), "",
	  "nobody of source=\"fd00::/8\" of <portForward> could come: its network is IPv4 only" },
	{ "source-not-of-the-address", NIC("dual", A),
	  PF("proto='tcp' address='2001:db8::7' source='10.0.0.0/8'", "<range start='80'/>"), "",
	  "source=\"10.0.0.0/8\" of <portForward> could come: its address= is IPv6 only" },
	{ "rate", NIC("default", A), PF("proto='tcp' rate='20/second'", "<range start='80'/>"),
	  "tcp any 80 80 80 virbr0 192.168.122.10 mac=" A " net=192.168.122.1/24 rate=20/s", NULL },
	{ "one-of-two-refused", NIC("default", A),
	  PF("proto='tcp' source='fd00::/8'", "<range start='80'/>") PF("proto='udp'", "<range start='53'/>"),
	  "udp any 53 53 53 virbr0 192.168.122.10 mac=" A " net=192.168.122.1/24", "source=" },

	{ "nic-first-nat", NIC_OF("bridge", "bridge='br0'", C) NIC("alone", B) NIC("second", A) NIC("default", A),
	  PF("proto='tcp'", "<range start='80'/>"),
	  "tcp any 80 80 80 virbr1 192.168.123.10 mac=" A " net=192.168.123.1/24", NULL },
	{ "nic-by-mac", NIC("default", A) NIC("second", B), PF("proto='tcp' mac='" B "'", "<range start='80'/>"),
	  "tcp any 80 80 80 virbr1 192.168.123.11 mac=" B " net=192.168.123.1/24", NULL },
	{ "nic-by-mac-absent", NIC("default", A), PF("proto='tcp' mac='" C "'", "<range start='80'/>"), "", C },
	{ "nic-by-mac-isolated", NIC("default", A) NIC("alone", B),
	  PF("proto='tcp' mac='" B "'", "<range start='80'/>"), "", "isolated" },
	{ "nic-none", "", PF("proto='tcp'", "<range start='80'/>"), "", "no network card" },
	{ "nic-bridge", NIC_OF("bridge", "bridge='br0'", A), PF("proto='tcp'", "<range start='80'/>"), "",
	  "of type 'bridge'" },
	{ "nic-macvtap", NIC_OF("direct", "dev='eth0' mode='bridge'", A),
	  PF("proto='tcp'", "<range start='80'/>"), "", "of type 'direct'" },
	{ "nic-user", "<interface type='user'><mac address='" A "'/></interface>",
	  PF("proto='tcp'", "<range start='80'/>"), "", "passt" },
	{ "network-isolated", NIC("alone", A), PF("proto='tcp'", "<range start='80'/>"), "", "is isolated" },
	{ "network-routed", NIC("routed", A), PF("proto='tcp'", "<range start='80'/>"), 
	  "tcp any 80 80 80 virbr3 floating mac=" A " net=192.168.125.1/24", NULL },
	{ "network-open", NIC("opened", A), PF("proto='tcp'", "<range start='80'/>"), 
	  "tcp any 80 80 80 virbr4 floating mac=" A " net=192.168.126.1/24", NULL },
	{ "nic-nat-before-routed", NIC("alone", C) NIC("routed", B) NIC("default", A),
	  PF("proto='tcp'", "<range start='80'/>"),
	  "tcp any 80 80 80 virbr0 192.168.122.10 mac=" A " net=192.168.122.1/24", NULL },
	{ "nic-routed-before-isolated", NIC("alone", C) NIC("routed", B), PF("proto='tcp'", "<range start='80'/>"),
	  "tcp any 80 80 80 virbr3 floating mac=" B " net=192.168.125.1/24", NULL },
	{ "network-bridged", NIC("bridged", A), PF("proto='tcp'", "<range start='80'/>"), "", "forward mode bridge" },
	{ "network-stopped", NIC("nowhere", A), PF("proto='tcp'", "<range start='80'/>"), "",
	  "virsh net-start nowhere" },
	{ "unreserved", NIC("default", B), PF("proto='tcp'", "<range start='80'/>"),
	  "tcp any 80 80 80 virbr0 floating mac=" B " net=192.168.122.1/24", NULL },
	{ "second-subnet-reserves", NIC("several", A), PF("proto='tcp'", "<range start='80'/>"),
	  "tcp any 80 80 80 virbr6 192.168.130.10 mac=" A " net=192.168.130.1/24", NULL },
	{ "second-subnet-unreserved", NIC("several", B), PF("proto='tcp'", "<range start='80'/>"),
	  "tcp any 80 80 80 virbr6 floating mac=" B " net=192.168.129.1/24", NULL },
	{ "no-mac", "<interface type='network'><source network='default'/></interface>",
	  PF("proto='tcp'", "<range start='80'/>"), "", "network 'default', which has no MAC; virsh define" },
	{ "network-without-address", NIC("odd; name", A), PF("proto='tcp'", "<range start='80'/>"), "",
	  "its network 'odd; name' has no IPv4 address; give the network one (virsh net-edit 'odd; name')" },
	{ "network-wildcard-bridge", NIC("wild", A), PF("proto='tcp'", "<range start='80'/>"), "", "'virbr+'" },
};

static GPtrArray *read_networks(void)
{
	GPtrArray *networks = g_ptr_array_new_with_free_func((GDestroyNotify)hostler_network_free);

	for (gsize i = 0; i < G_N_ELEMENTS(network_xmls); i++) {
		g_autoptr(GError) error = NULL;
		HostlerNetwork *network = hostler_network_from_xml(network_xmls[i], strlen(network_xmls[i]), &error);

		g_assert_no_error(error);
		g_ptr_array_add(networks, network);
	}
	return networks;
}

static HostlerDomain *read_domain(const char *nics, const char *forwards)
{
	g_autofree char *xml = NULL;
	g_autoptr(GError) error = NULL;
	HostlerDomain *domain;

	xml = g_strdup_printf("<domain type='kvm'><name>x</name><uuid>11111111-2222-3333-4444-555555555555</uuid>"
			      "<metadata><vm xmlns='urn:hostler:1'>%s</vm></metadata><devices>%s</devices></domain>",
			      forwards, nics);
	domain = hostler_domain_from_xml(xml, strlen(xml), &error);
	g_assert_no_error(error);
	return domain;
}

static char *spans_text(const GArray *spans)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < spans->len; i++) {
		g_autofree char *line = forward_span_to_text(&g_array_index(spans, ForwardSpan, i));

		g_string_append_printf(text, "%s%s", i > 0 ? "\n" : "", line);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void check_refusal(const HostlerFindings *findings, const char *words)
{
	g_autoptr(GError) error = NULL;

	if (words == NULL) {
		g_assert_cmpint(hostler_findings_worst(findings), <, HOSTLER_SEVERITY_REFUSE);
		return;
	}
	g_assert_false(hostler_findings_allow(findings, &error));
	if (strstr(error->message, words) == NULL)
		g_error("'%s' does not say '%s'", error->message, words);
	g_assert_null(strchr(error->message, '\n'));
}

static void test_plan(gconstpointer data)
{
	const Case *one = data;
	g_autoptr(GPtrArray) networks = read_networks();
	g_autoptr(HostlerDomain) domain = read_domain(one->nics, one->forwards);
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	g_autoptr(GArray) spans = forward_plan(domain, networks, findings);
	g_autofree char *text = spans_text(spans);

	g_assert_cmpstr(text, ==, one->spans);
	check_refusal(findings, one->refusal);
}

/* The guests' own name server stands at an address of the host, too. */
static void test_advice(void)
{
	static const struct {
		const char *forward;
		const char *words;
	} table[] = {
		{ PF("proto='udp'", "<range start='53'/>"), "udp port 53 of every address" },
		{ PF("proto='tcp'", "<range start='1' end='100'/>"), "DNS" },
		{ PF("proto='udp'", "<range start='67' to='1067'/>"), "DHCP" },
		{ PF("proto='tcp'", "<range start='67'/>"), NULL },
		{ PF("proto='udp' address='192.0.2.7'", "<range start='53'/>"), NULL },
		{ PF("proto='udp'", "<range start='54' to='53'/>"), NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(GPtrArray) networks = read_networks();
		g_autoptr(HostlerDomain) domain = read_domain(NIC("default", A), table[i].forward);
		g_autoptr(HostlerFindings) findings = hostler_findings_new();
		g_autoptr(GArray) spans = forward_plan(domain, networks, findings);

		g_assert_cmpuint(spans->len, ==, 1);
		g_assert_cmpuint(findings->items->len, ==, table[i].words != NULL);
		if (table[i].words != NULL) {
			const HostlerFinding *finding = g_ptr_array_index(findings->items, 0);

			g_assert_cmpint(finding->severity, ==, HOSTLER_SEVERITY_ADVICE);
			g_assert_nonnull(strstr(finding->text, table[i].words));
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/forward/plan/", cases[i].name, NULL);

		g_test_add_data_func(path, &cases[i], test_plan);
	}
	g_test_add_func("/forward/plan/advice", test_advice);
	return g_test_run();
}
