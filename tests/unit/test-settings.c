/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our metadata element: what it may say, in every dress that libvirt and virsh
 * give it, and the words for everything else. */

#include <string.h>

#include "hostler/domain.h"
#include "hostler/error.h"

#define NS "xmlns:hostler='urn:hostler:1'"
/* Line 4 is the first of the metadata. */
#define DOMAIN "<domain>\n<name>vm</name><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>\n<metadata>\n%s\n" \
	       "</metadata>\n</domain>"

typedef struct {
	const char *name;
	const char *metadata;
	const char *expected; /* dump(), or the words of a refusal */
} Case;

static void dump_forward(GString *out, const HostlerForward *forward)
{
	g_string_append_printf(out, "%s", hostler_proto_name(forward->proto));
	if (forward->address != NULL)
		g_string_append_printf(out, " at %s", forward->address);
	if (forward->source != NULL)
		g_string_append_printf(out, " from %s", forward->source);
	if (forward->rate != NULL)
		g_string_append_printf(out, " rate %s", forward->rate);
	if (forward->mac != NULL)
		g_string_append_printf(out, " mac %s", forward->mac);
	for (guint i = 0; i < forward->ranges->len; i++) {
		const HostlerPortRange *range = &g_array_index(forward->ranges, HostlerPortRange, i);

		g_string_append_printf(out, " %s%u-%u", range->exclude ? "!" : "", range->start, range->end);
		if (!range->exclude)
			g_string_append_printf(out, ">%u", range->to);
	}
	g_string_append(out, "; ");
}

static char *dump(const HostlerSettings *settings)
{
	static const char *const displays[] = {"keep", "release"};
	static const char *const companions[] = {"bind", "refuse", "group"};
	static const char *const resets[] = {"auto", "off"};
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < settings->forwards->len; i++)
		dump_forward(out, g_ptr_array_index(settings->forwards, i));
	g_string_append_printf(out, "%s %s %s %u", displays[settings->display], companions[settings->companions],
			       resets[settings->reset], settings->metrics_interval);
	return g_string_free(out, FALSE);
}

static HostlerDomain *parse(const char *metadata, GError **error)
{
	g_autofree char *xml = g_strdup_printf(DOMAIN, metadata);

	return hostler_domain_from_xml(xml, strlen(xml), error);
}

#define DEFAULTS "keep bind auto 0"
#define SSH "tcp 2222-2222>22; " DEFAULTS

static const Case taken[] = {
	{"none", "", DEFAULTS},
	{"empty", "<hostler:vm " NS "/>", DEFAULTS},
	{"design",
	 "<hostler:vm " NS ">"
	 "<hostler:portForward proto=\"tcp\"><hostler:range start=\"2222\" to=\"22\"/>"
	 "<hostler:range start=\"8000\" end=\"8010\" to=\"9000\"/></hostler:portForward>"
	 "<hostler:portForward proto=\"udp\" address=\"192.0.2.7\" source=\"10.0.0.0/8\" rate=\"20/s\">"
	 "<hostler:range start=\"5000\"/></hostler:portForward>"
	 "<hostler:passthrough display=\"release\" companions=\"bind\" reset=\"auto\"/>"
	 "<hostler:metrics interval=\"10\"/></hostler:vm>",
	 "tcp 2222-2222>22 8000-8010>9000; udp at 192.0.2.7 from 10.0.0.0/8 rate 20/s 5000-5000>5000; "
	 "release bind auto 10"},

	/* --- dresses: each was seen from libvirt 9.0 or virsh --- */
	{"prefix", "<hostler:vm " NS "><hostler:portForward proto='tcp'><hostler:range start='2222' to='22'/>"
	 "</hostler:portForward></hostler:vm>", SSH},
	{"prefix-other", "<h:vm xmlns:h='urn:hostler:1'><h:portForward proto='tcp'><h:range start='2222' to='22'/>"
	 "</h:portForward></h:vm>", SSH},
	{"children-bare", "<hostler:vm " NS "><portForward proto='tcp'><range start='2222' to='22'/></portForward>"
	 "</hostler:vm>", SSH},
	{"default-namespace", "<vm xmlns='urn:hostler:1'><portForward proto='tcp'><range start='2222' to='22'/>"
	 "</portForward></vm>", SSH},
	{"default-and-prefix", "<vm xmlns='urn:hostler:1' " NS "><portForward proto='tcp'>"
	 "<range start='2222' to='22'/>"
	 "</portForward></vm>", SSH},
	{"mixed", "<vm xmlns='urn:hostler:1' xmlns:a='urn:hostler:1'><a:portForward proto='tcp'>"
	 "<b:range xmlns:b='urn:hostler:1' start='2222' to='22'/></a:portForward></vm>", SSH},
	{"default-taken-back", "<hostler:vm " NS "><portForward xmlns='' proto='tcp'><range start='2222' to='22'/>"
	 "</portForward></hostler:vm>", SSH},
	{"foreign-default-outside", "<hostler:vm xmlns='urn:other' " NS "><portForward proto='tcp'>"
	 "<range start='2222' to='22'/></portForward></hostler:vm>", SSH},
	{"prefix-rebound", "<h:note xmlns:h='urn:other'><h:vm/></h:note><h:vm xmlns:h='urn:hostler:1'><h:metrics/>"
	 "</h:vm>",
	 DEFAULTS},
	{"comments", "<hostler:vm " NS "><!-- ssh --><hostler:portForward proto='tcp'>\n\t<!-- x -->\n"
	 "<hostler:range start='2222' to='22'><!-- y --></hostler:range></hostler:portForward></hostler:vm>", SSH},

	/* --- not ours --- */
	{"other-namespace", "<h:vm xmlns:h='urn:hostler:2'><h:nonsense/></h:vm>", DEFAULTS},
	{"other-case", "<h:vm xmlns:h='URN:HOSTLER:1'><h:nonsense/></h:vm>", DEFAULTS},
	{"no-namespace", "<vm><nonsense/></vm>", DEFAULTS},
	{"unbound-prefix", "<hostler:vm><nonsense/></hostler:vm>", DEFAULTS},
	{"prefix-of-sibling", "<a:x xmlns:a='urn:hostler:2' " NS "/><hostler:vm><nonsense/></hostler:vm>", DEFAULTS},
	{"deeper", "<a xmlns='urn:x'><hostler:vm " NS "><nonsense/></hostler:vm></a>", DEFAULTS},

	/* --- values --- */
	{"range-defaults", "<vm xmlns='urn:hostler:1'><portForward proto='udp'><range start='53'/></portForward>"
	 "</vm>",
	 "udp 53-53>53; " DEFAULTS},
	{"range-limits", "<vm xmlns='urn:hostler:1'><portForward proto='tcp'><range start='1' end='65535'/>"
	 "</portForward></vm>",
	 "tcp 1-65535>1; " DEFAULTS},
	{"range-to-limit", "<vm xmlns='urn:hostler:1'><portForward proto='tcp'><range start='1' end='2' to='65534'/>"
	 "</portForward></vm>", "tcp 1-2>65534; " DEFAULTS},
	{"exclude", "<vm xmlns='urn:hostler:1'><portForward proto='tcp'><range start='10' end='20' exclude='no'/>"
	 "<range start='15' end='16' exclude='yes'/></portForward></vm>", "tcp 10-20>10 !15-16; " DEFAULTS},
	{"exclude-makes-room", "<vm xmlns='urn:hostler:1'><portForward proto='tcp'><range start='10' end='20'/>"
	 "<range start='15' exclude='yes'/></portForward><portForward proto='tcp'><range start='15' to='99'/>"
	 "</portForward></vm>",
	 "tcp 10-20>10 !15-15; tcp 15-15>99; " DEFAULTS},
	{"same-port-other-proto", "<vm xmlns='urn:hostler:1'><portForward proto='tcp'><range start='53'/>"
	 "</portForward>"
	 "<portForward proto='udp'><range start='53'/></portForward></vm>", "tcp 53-53>53; udp 53-53>53; " DEFAULTS},
	{"same-port-other-address", "<vm xmlns='urn:hostler:1'><portForward proto='tcp' address='192.0.2.1'>"
	 "<range start='53'/>"
	 "</portForward><portForward proto='tcp' address='192.0.2.2'><range start='53'/></portForward></vm>",
	 "tcp at 192.0.2.1 53-53>53; tcp at 192.0.2.2 53-53>53; " DEFAULTS},
	{"neighbours", "<vm xmlns='urn:hostler:1'><portForward proto='tcp'><range start='10' end='20'/>"
	 "<range start='21'/>"
	 "</portForward></vm>", "tcp 10-20>10 21-21>21; " DEFAULTS},
	{"canonical", "<vm xmlns='urn:hostler:1'><portForward proto='tcp' address='2001:DB8:0:0::7' "
	 "source='10.1.2.3/8, 192.0.2.7 ,2001:db8::1/32' rate='0100/minute' mac='52:54:0:AA:b:3'><range start='1'/>"
	 "</portForward></vm>",
	 "tcp at 2001:db8::7 from 10.0.0.0/8,192.0.2.7/32,2001:db8::/32 rate 100/m "
	 "mac 52:54:00:aa:0b:03 1-1>1; " DEFAULTS},
	{"source-all", "<vm xmlns='urn:hostler:1'><portForward proto='tcp' source='0.0.0.0/0'><range start='1'/>"
	 "</portForward></vm>", "tcp from 0.0.0.0/0 1-1>1; " DEFAULTS},
	{"passthrough", "<vm xmlns='urn:hostler:1'><passthrough companions='group' reset='off'/></vm>",
	 "keep group off 0"},
	{"refuse", "<vm xmlns='urn:hostler:1'><passthrough companions='refuse' display='keep'/></vm>",
	 "keep refuse auto 0"},
	{"interval-limits", "<vm xmlns='urn:hostler:1'><metrics interval='3600'/></vm>", "keep bind auto 3600"},
	{"escaped-value", "<vm xmlns='urn:hostler:1'><portForward proto='&#116;cp'><range start='1'/></portForward>"
	 "</vm>",
	 "tcp 1-1>1; " DEFAULTS},
};

#define VM(inner) "<vm xmlns='urn:hostler:1'>" inner "</vm>"
#define TCP(inner) VM("<portForward proto='tcp'>" inner "</portForward>")
#define WITH(attribute) VM("<portForward proto='tcp' " attribute "><range start='1'/></portForward>")

static const Case refused[] = {
	{"two-vm", VM("") VM(""), "line 4, <vm>: a second <vm> in one place; join them into one"},
	{"two-vm-prefixes", VM("") "<h:vm xmlns:h='urn:hostler:1'/>", "line 4, <h:vm>: a second <vm>"},
	{"two-passthrough", VM("<passthrough/><passthrough/>"), "a second <passthrough>"},
	{"two-metrics", VM("<metrics/><metrics/>"), "a second <metrics>"},
	{"other-element", "<portForward xmlns='urn:hostler:1' proto='tcp'/>",
	 "line 4, <portForward>: unknown element; the one of urn:hostler:1 directly below <metadata> is <vm>"},

	{"unknown-element", VM("<portforward/>"),
	 "unknown element 'portforward' within <vm>; did you mean 'portForward'?"},
	{"unknown-element-near", VM("<pasthrough/>"), "did you mean 'passthrough'?"},
	{"unknown-element-far", VM("<x/>"),
	 "unknown element 'x' within <vm>; known here: portForward, passthrough, metrics"},
	{"range-outside", VM("<range start='1'/>"), "unknown element 'range' within <vm>; known here: portForward"},
	{"element-in-leaf", VM("<metrics><x/></metrics>"),
	 "unknown element 'x' within <metrics>; nothing of the kind"},
	{"foreign-element", VM("<a:note xmlns:a='urn:x'/>"),
	 "unknown element 'a:note' of namespace 'urn:x' within <vm>; ours are of urn:hostler:1"},
	{"foreign-same-name", VM("<a:metrics xmlns:a='urn:x'/>"), "unknown element 'a:metrics' of namespace 'urn:x'"},
	{"foreign-prefix-outside", "<vm xmlns='urn:hostler:1' xmlns:a='urn:x'><a:metrics/></vm>",
	 "unknown element 'a:metrics' of namespace 'urn:x'"},
	{"foreign-by-default", VM("<metrics xmlns='urn:x'/>"), "unknown element 'metrics' of namespace 'urn:x'"},
	{"unbound-child", VM("<a:metrics/>"), "unknown element 'a:metrics' within <vm>"},
	{"unknown-attribute", WITH("adress='1.2.3.4'"),
	 "line 4, <portForward>: unknown attribute 'adress'; did you mean 'address'?"},
	{"unknown-attribute-case", WITH("Rate='1/s'"), "unknown attribute 'Rate'; did you mean 'rate'?"},
	{"protocol", VM("<portForward protocol='tcp'><range start='1'/></portForward>"), "did you mean 'proto'?"},
	{"unknown-attribute-far", WITH("colour='red'"),
	 "unknown attribute 'colour'; known here: proto, address, source, rate, mac"},
	{"attribute-on-vm", "<vm xmlns='urn:hostler:1' version='2'/>",
	 "unknown attribute 'version'; nothing of the kind"},
	{"attribute-on-range", TCP("<range start='1' port='2'/>"),
	 "unknown attribute 'port'; known here: start, end, to, exclude"},
	{"attribute-on-passthrough", VM("<passthrough companion='bind'/>"), "did you mean 'companions'?"},
	{"attribute-on-metrics", VM("<metrics interva='1'/>"), "did you mean 'interval'?"},
	{"xml-space", "<vm xmlns='urn:hostler:1' xml:space='preserve'/>", "unknown attribute 'xml:space'"},
	{"foreign-attribute", WITH("xmlns:a='urn:x' a:rate='1/s'"), "unknown attribute 'a:rate'"},
	{"prefixed-attribute", WITH("xmlns:h='urn:hostler:1' h:rate='1/s'"),
	 "attribute 'h:rate' has a prefix; write it without"},
	{"hostile-attribute", WITH("r\xc2\xad='1/s'"), "malformed"},
	{"dev", WITH("dev='eth0'"), "attribute 'dev' has no meaning here; write address="},
	{"text", VM("ssh"), "line 4, <vm>: text 'ssh' has no meaning here; settings are attributes"},
	{"text-in-range", TCP("<range>22</range>"), "attribute 'start' is missing"},
	{"text-in-metrics", VM("<metrics>10</metrics>"), "text '10' has no meaning here"},
	{"cdata", VM("<![CDATA[x]]>"), "text 'x' has no meaning here"},
	{"hostile-text", VM("a\xe2\x80\xae\nb"), "text 'a\\u{202E}\\x0ab'"},
	{"instruction", VM("<?x?>"), "processing instructions are not taken"},

	{"proto-missing", VM("<portForward><range start='1'/></portForward>"),
	 "attribute 'proto' is missing; write proto='tcp', 'udp' or 'sctp'"},
	{"proto-sctp", VM("<portForward proto='icmp'><range start='1'/></portForward>"),
	 "proto 'icmp' is not served; write 'tcp' or 'udp' or 'sctp'"},
	{"proto-case", VM("<portForward proto='TCP'><range start='1'/></portForward>"), "proto 'TCP' is not served"},
	{"proto-empty", VM("<portForward proto=''><range start='1'/></portForward>"), "proto '' is not served"},
	{"no-range", VM("<portForward proto='tcp'/>"),
	 "no range means every port, which is not served; write a <range"},
	{"exclude-only", TCP("<range start='1' exclude='yes'/>"), "no range means every port"},
	{"exclude-to", TCP("<range start='1' exclude='yes' to='2'/>"), "an excluded range goes nowhere"},
	{"exclude-maybe", TCP("<range start='1' exclude='true'/>"),
	 "exclude 'true' is not served; write 'no' or 'yes'"},
	{"start-missing", TCP("<range end='1'/>"), "line 4, <range>: attribute 'start' is missing"},
	{"port-0", TCP("<range start='0'/>"), "start '0' is no port; write a number from 1 to 65535"},
	{"port-65536", TCP("<range start='65536'/>"), "start '65536' is no port"},
	{"port-wraps", TCP("<range start='4294967297'/>"), "is no port"},
	{"port-hex", TCP("<range start='0x16'/>"), "start '0x16' is no port"},
	{"port-sign", TCP("<range start='+22'/>"), "start '+22' is no port"},
	{"port-space", TCP("<range start=' 22'/>"), "start ' 22' is no port"},
	{"port-name", TCP("<range start='ssh'/>"), "start 'ssh' is no port"},
	{"port-range", TCP("<range start='1-5'/>"), "start '1-5' is no port"},
	{"port-empty", TCP("<range start=''/>"), "start '' is no port"},
	{"end-0", TCP("<range start='1' end='0'/>"), "end '0' is no port"},
	{"to-0", TCP("<range start='1' to='0'/>"), "to '0' is no port"},
	{"to-65536", TCP("<range start='1' to='65536'/>"), "to '65536' is no port"},
	{"reversed", TCP("<range start='10' end='9'/>"), "end 9 is below start 10"},
	{"to-overflows", TCP("<range start='1' end='2' to='65535'/>"),
	 "ports 1 to 2, sent to 65535 and up, would end beyond 65535"},

	{"overlap", TCP("<range start='10' end='20'/><range start='20' end='30'/>"),
	 "tcp port 20 of every address is in two ranges; take it out of one"},
	{"overlap-same", TCP("<range start='10'/><range start='10'/>"), "tcp port 10 of every address"},
	{"overlap-within", TCP("<range start='1' end='65535'/><range start='500'/>"),
	 "tcp port 500 of every address"},
	{"overlap-two-forwards", VM("<portForward proto='udp' address='192.0.2.1'><range start='7'/></portForward>"
	 "<portForward proto='tcp'><range start='7'/></portForward>"
	 "<portForward proto='udp' address='192.0.2.1'><range start='7'/></portForward>"), "udp port 7 of 192.0.2.1"},
	{"overlap-same-address", VM("<portForward proto='udp' address='2001:db8::1'><range start='7'/></portForward>"
	 "<portForward proto='udp' address='2001:DB8:0::1'><range start='7'/></portForward>"),
	 "udp port 7 of 2001:db8::1"},
	{"overlap-other-nic", VM("<portForward proto='udp' mac='52:54:00:00:00:01'><range start='7'/></portForward>"
	 "<portForward proto='udp'><range start='7'/></portForward>"), "udp port 7 of every address"},

	{"address-name", WITH("address='localhost'"), "address 'localhost' is not understood; write the one address"},
	{"address-short", WITH("address='10.1'"), "address '10.1' is not understood"},
	{"address-prefix", WITH("address='10.0.0.1/8'"), "address '10.0.0.1/8' is not understood"},
	{"address-octal", WITH("address='010.0.0.1'"), "address '010.0.0.1' is not understood"},
	{"address-any", WITH("address='0.0.0.0'"), "leave it out for all of them"},
	{"address-any6", WITH("address='::'"), "address '::' is not understood"},
	{"address-scope", WITH("address='fe80::1%eth0'"), "address 'fe80::1%eth0' is not understood"},
	{"address-empty", WITH("address=''"), "address '' is not understood"},
	{"source-prefix", WITH("source='10.0.0.0/33'"), "source '10.0.0.0/33' is not understood; write networks"},
	{"source-prefix6", WITH("source='2001:db8::/129'"), "is not understood"},
	{"source-prefix-empty", WITH("source='10.0.0.0/'"), "is not understood"},
	{"source-mask", WITH("source='10.0.0.0/255.0.0.0'"), "is not understood"},
	{"source-comma", WITH("source='10.0.0.0/8,'"), "is not understood"},
	{"source-empty", WITH("source=''"), "is not understood"},
	{"source-name", WITH("source='lan'"), "is not understood"},
	{"rate-bare", WITH("rate='20'"), "rate '20' is not understood; write a number for each second"},
	{"rate-zero", WITH("rate='0/s'"), "is not understood"},
	{"rate-unit", WITH("rate='20/w'"), "is not understood"},
	{"rate-long-unit", WITH("rate='20/seconds'"), "is not understood"},
	{"rate-huge", WITH("rate='1000001/s'"), "is not understood"},
	{"rate-negative", WITH("rate='-1/s'"), "is not understood"},
	{"rate-fraction", WITH("rate='0.5/s'"), "is not understood"},
	{"rate-injection", WITH("rate='1/s; flush ruleset'"), "is not understood"},
	{"mac-short", WITH("mac='52:54:00:12:34'"), "mac '52:54:00:12:34' is not understood"},
	{"mac-long", WITH("mac='52:54:00:12:34:56:78'"), "is not understood"},
	{"mac-dashes", WITH("mac='52-54-00-12-34-56'"), "is not understood"},
	{"mac-digits", WITH("mac='52:54:00:12:34:5g'"), "is not understood"},

	{"display", VM("<passthrough display='yes'/>"), "display 'yes' is not served; write 'keep' or 'release'"},
	{"companions", VM("<passthrough companions='all'/>"), "write 'bind' or 'refuse' or 'group'"},
	{"reset", VM("<passthrough reset='on'/>"), "reset 'on' is not served; write 'auto' or 'off'"},
	{"interval-0", VM("<metrics interval='0'/>"), "interval '0' is not served; write seconds from 1 to 3600"},
	{"interval-3601", VM("<metrics interval='3601'/>"), "interval '3601' is not served"},
	{"interval-unit", VM("<metrics interval='10s'/>"), "interval '10s' is not served"},
	{"hostile-value", VM("<metrics interval='&#27;[2J'/>"), "interval '\\x1b[2J' is not served"},
};

static void test_taken(gconstpointer data)
{
	const Case *test = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerDomain) domain = parse(test->metadata, &error);
	g_autofree char *found = NULL;

	g_assert_no_error(error);
	found = dump(&domain->settings);
	g_assert_cmpstr(found, ==, test->expected);
}

static void test_refused(gconstpointer data)
{
	const Case *test = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerDomain) domain = parse(test->metadata, &error);

	g_assert_null(domain);
	g_assert_nonnull(error);
	if (g_str_equal(test->expected, "malformed"))
		g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_XML);
	else
		g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_SETTINGS);
	g_assert_true(g_str_has_prefix(error->message, "the VM's XML, line "));
	g_assert_null(strchr(error->message, '\n'));
	if (strstr(error->message, test->expected) == NULL)
		g_error("expected \"%s\" in \"%s\"", test->expected, error->message);
}

static void test_line(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(parse("<vm xmlns='urn:hostler:1'>\n\n<metrics\ninterval='x'/>\n</vm>", &error));
	g_assert_nonnull(strstr(error->message, "line 7, <metrics>: interval 'x'"));
}

/* All at once, and nothing for what follows from it: neither a range that is missing, nor one within what is refused. */
static void test_several(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(parse(VM("<portForward proto='tcp'><range start='0'/></portForward>"
			       "<portForward proto='tcp'><range start='10' end='9'/><range start='7'/></portForward>"
			       "<portForward proto='icmp'><range start='x'/></portForward>"
			       "<metrics intervall='1'/>"), &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_SETTINGS);
	g_assert_cmpstr(error->message, ==,
			"the VM's XML, line 4, <range>: start '0' is no port; write a number from 1 to 65535; "
			"line 4, <range>: end 9 is below start 10; write the lower port first; "
			"line 4, <portForward>: proto 'icmp' is not served; write 'tcp' or 'udp' or 'sctp'; "
			"line 4, <metrics>: unknown attribute 'intervall'; did you mean 'interval'?");
}

/* However many there are, it is a line that somebody can read, and soon said. */
static void test_many(void)
{
	g_autoptr(GString) ranges = g_string_new("<vm xmlns='urn:hostler:1'><portForward proto='tcp'>");
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < 100000; i++)
		g_string_append_printf(ranges, "<range start='%u'/>", 70000 + i);
	g_string_append(ranges, "</portForward></vm>");
	g_assert_null(parse(ranges->str, &error));
	g_assert_nonnull(strstr(error->message, "start '70003' is no port"));
	g_assert_null(strstr(error->message, "start '70004'"));
	g_assert_true(g_str_has_suffix(error->message, "; and more"));
}

/* xmlns on an ancestor, as virsh leaves it when it was on <domain>. */
static void test_hoisted(void)
{
	static const char *const documents[] = {
		"<domain><name>a</name><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid><metadata " NS ">"
		"<hostler:vm><hostler:metrics interval='7'/></hostler:vm></metadata></domain>",
		"<domain " NS "><name>a</name><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid><metadata>"
		"<hostler:vm><metrics interval='7'/></hostler:vm></metadata></domain>",
		"<domain xmlns:hostler='urn:wrong'><name>a</name><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>"
		"<metadata " NS "><hostler:vm><hostler:metrics interval='7'/></hostler:vm></metadata></domain>",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(documents); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(HostlerDomain) domain = hostler_domain_from_xml(documents[i], strlen(documents[i]), &error);

		g_assert_no_error(error);
		g_assert_cmpuint(domain->settings.metrics_interval, ==, 7);
	}
}

static void test_many_ranges(void)
{
	for (guint n = 1024; n <= 1025; n++) {
		GString *metadata = g_string_new("<vm xmlns='urn:hostler:1'><portForward proto='tcp'>");
		g_autofree char *text = NULL;
		g_autoptr(HostlerDomain) domain = NULL;
		g_autoptr(GError) error = NULL;

		for (guint i = 1; i <= n; i++)
			g_string_append_printf(metadata, "<range start='%u'/>", i);
		g_string_append(metadata, "</portForward></vm>");
		text = g_string_free(metadata, FALSE);
		domain = parse(text, &error);
		g_assert_cmpint(domain != NULL, ==, n == 1024);
		g_assert_true(domain != NULL || strstr(error->message, "more than 1024 ranges") != NULL);
	}
}

static void test_many_networks(void)
{
	for (guint n = 64; n <= 65; n++) {
		GString *metadata = g_string_new("<vm xmlns='urn:hostler:1'>"
				"<portForward proto='tcp' source='10.0.0.1");
		g_autofree char *text = NULL;
		g_autoptr(HostlerDomain) domain = NULL;

		for (guint i = 2; i <= n; i++)
			g_string_append_printf(metadata, ",10.0.0.%u", i);
		g_string_append(metadata, "'><range start='1'/></portForward></vm>");
		text = g_string_free(metadata, FALSE);
		domain = parse(text, NULL);
		g_assert_cmpint(domain != NULL, ==, n == 64);
	}
}

static void add(const char *folder, const Case *cases, gsize n, GTestDataFunc func)
{
	for (gsize i = 0; i < n; i++) {
		g_autofree char *path = g_strconcat("/settings/", folder, "/", cases[i].name, NULL);

		g_test_add_data_func(path, &cases[i], func);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("taken", taken, G_N_ELEMENTS(taken), test_taken);
	add("refused", refused, G_N_ELEMENTS(refused), test_refused);
	g_test_add_func("/settings/line", test_line);
	g_test_add_func("/settings/several", test_several);
	g_test_add_func("/settings/many", test_many);
	g_test_add_func("/settings/hoisted", test_hoisted);
	g_test_add_func("/settings/many-ranges", test_many_ranges);
	g_test_add_func("/settings/many-networks", test_many_networks);
	return g_test_run();
}
