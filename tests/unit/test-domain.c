/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler_domain_from_xml(): libvirt's own XML (data/domain/NAME.xml against
 * NAME.txt), what is refused, and what must be refused quickly. */

#include <stdlib.h>
#include <string.h>

#include "hostler/domain.h"
#include "hostler/error.h"

#define HEAD "<domain type='kvm'>\n<name>vm</name>\n<uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>\n"

static void dump_field(GString *out, const char *name, const char *value)
{
	if (value != NULL)
		g_string_append_printf(out, " %s=%s", name, value);
}

static void dump_disks(GString *out, const HostlerDomain *domain)
{
	for (guint i = 0; i < domain->disks->len; i++) {
		const HostlerDisk *disk = g_ptr_array_index(domain->disks, i);

		g_string_append(out, "disk");
		dump_field(out, "type", disk->type);
		dump_field(out, "device", disk->device);
		dump_field(out, "source", disk->source);
		dump_field(out, "target", disk->target);
		dump_field(out, "bus", disk->bus);
		dump_field(out, "format", disk->format);
		dump_field(out, "cache", disk->cache);
		dump_field(out, "io", disk->io);
		g_string_append_c(out, '\n');
	}
}

static void dump_interfaces(GString *out, const HostlerDomain *domain)
{
	for (guint i = 0; i < domain->interfaces->len; i++) {
		const HostlerInterface *nic = g_ptr_array_index(domain->interfaces, i);

		g_string_append_printf(out, "interface %u", nic->type);
		dump_field(out, "type", nic->type_name);
		dump_field(out, "mac", nic->mac);
		dump_field(out, "network", nic->network);
		dump_field(out, "bridge", nic->bridge);
		dump_field(out, "source", nic->source);
		dump_field(out, "mode", nic->mode);
		dump_field(out, "target", nic->target);
		dump_field(out, "model", nic->model);
		g_string_append_c(out, '\n');
	}
}

static void dump_platform(GString *out, const HostlerPlatform *platform)
{
	g_string_append(out, "platform");
	dump_field(out, "machine", platform->machine);
	g_string_append_printf(out, " memory=%" G_GUINT64_FORMAT, platform->memory);
	if (platform->hard_limit != 0)
		g_string_append_printf(out, " hard-limit=%" G_GUINT64_FORMAT, platform->hard_limit);
	if (platform->huge_pages)
		g_string_append_printf(out, " huge-pages=%" G_GUINT64_FORMAT, platform->huge_page);
	g_string_append_printf(out, "%s%s%s%s\n", platform->uefi ? " uefi" : "",
			       platform->kvm_hidden ? " hidden" : "", platform->hyperv ? " hyperv" : "",
			       platform->vendor_id ? " vendor-id" : "");
}

static char *dump(const HostlerDomain *domain)
{
	static const char *const origins[] = {"hostdev", "nvme", "interface"};
	GString *out = g_string_new(NULL);

	g_string_append_printf(out, "uuid=%s\nname=%s\n", domain->uuid, domain->name);
	dump_platform(out, &domain->platform);
	for (guint i = 0; i < domain->devices->len; i++) {
		const HostlerPciDevice *device = g_ptr_array_index(domain->devices, i);

		g_string_append_printf(out, "pci %s %s%s%s\n", device->bdf, origins[device->origin],
				       device->managed ? " managed" : "", device->rom ? " rom" : "");
	}
	dump_interfaces(out, domain);
	dump_disks(out, domain);
	g_string_append_printf(out, "forwards=%u\n", domain->settings.forwards->len);
	return g_string_free(out, FALSE);
}

static HostlerDomain *read_any(const char *path, const char *xml, gsize length, GError **error)
{
	return strstr(path, "/status/") != NULL ? hostler_domain_from_status(xml, length, error) :
						  hostler_domain_from_xml(xml, length, error);
}

static void test_file(gconstpointer data)
{
	const char *path = data;
	g_autofree char *xml = NULL;
	g_autofree char *expected = NULL;
	g_autofree char *found = NULL;
	g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".xml"));
	g_autofree char *answer = g_strconcat(stem, ".txt", NULL);
	g_autoptr(HostlerDomain) domain = NULL;
	g_autoptr(GError) error = NULL;
	gsize length;

	g_assert_true(g_file_get_contents(path, &xml, &length, NULL));
	domain = read_any(path, xml, length, &error);
	g_assert_no_error(error);
	found = dump(domain);
	if (g_getenv("UPDATE_EXPECTED") != NULL)
		g_assert_true(g_file_set_contents(answer, found, -1, NULL));
	g_assert_true(g_file_get_contents(answer, &expected, NULL, NULL));
	g_assert_cmpstr(found, ==, expected);
}

/* No part of a document is a document. */
static void test_cut_off(gconstpointer data)
{
	g_autofree char *xml = NULL;
	gsize length;

	g_assert_true(g_file_get_contents(data, &xml, &length, NULL));
	while (length > 0 && g_ascii_isspace(xml[length - 1]))
		length--;
	for (gsize i = 0; i < length; i++) {
		g_autofree char *part = g_memdup2(xml, MAX(i, 1)); /* so that a sanitizer sees us read on */
		g_autoptr(GError) error = NULL;

		g_assert_null(read_any(data, part, i, &error));
		g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_XML);
	}
}

static void add_files(const char *kind, guint at_least)
{
	g_autofree char *folder = g_build_filename(g_getenv("SOURCE_DIR"), "data", kind, NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;
	guint n = 0;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *test = g_strconcat("/domain/file/", kind, "/", name, NULL);
		g_autofree char *cut = g_strconcat("/domain/cut-off/", kind, "/", name, NULL);
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (g_str_has_suffix(name, ".xml")) {
			g_test_add_data_func_full(test, g_strdup(path), test_file, g_free);
			g_test_add_data_func_full(cut, g_strdup(path), test_cut_off, g_free);
			n++;
		}
	}
	g_assert_cmpuint(n, >=, at_least);
}

typedef struct {
	const char *name;
	const char *xml;
	const char *words; /* of the error; NULL: it is taken */
} Document;

static const Document documents[] = {
	{"plain", HEAD "</domain>", NULL},
	{"declaration", "<?xml version='1.0' encoding='utf-8'?>\n" HEAD "</domain>", NULL},
	{"comment-first", "<!-- by hand -->\n" HEAD "</domain>\n<!-- end -->\n", NULL},
	{"cdata-name", "<domain><name><![CDATA[a<b]]></name><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>"
	 "</domain>",
	 NULL},
	{"one-space-name", "<domain><name> </name><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid></domain>", NULL},
	{"uuid-in-space", "<domain><name>a</name><uuid>\n c7a5fdbd-edaf-9455-926a-d65c16db1809 </uuid></domain>",
	 NULL},
	{"their-instruction", HEAD "<metadata><a xmlns='x'><?php x ?></a></metadata></domain>", NULL},
	{"their-prefix-unbound", HEAD "<metadata><a:b><c:d/></a:b></metadata></domain>", NULL},
	{"foreign-devices", HEAD "<devices xmlns='urn:x'><hostdev type='pci'/></devices></domain>", NULL},
	{"prefixed-devices", HEAD "<q:devices><hostdev type='pci'/></q:devices></domain>", NULL},

	/* What no hook may refuse: libvirt has taken it. */
	{"memory-senseless", HEAD "<memory unit='parsec'>-1</memory><memtune><hard_limit>x</hard_limit></memtune>"
	 "<memoryBacking><hugepages><page/></hugepages></memoryBacking></domain>", NULL},
	{"memory-overflow", HEAD "<memory unit='TiB'>18446744073709551615</memory></domain>", NULL},

	{"empty", "", "line 1: the document is empty"},
	{"blank", " \n ", "line 2: malformed XML: Document was empty or contained only whitespace"},
	{"comment-only", "<!-- x -->", "the document has no element"},
	{"no-xml", "hello", "line 1: malformed XML: Document must begin with an element"},
	{"other-root", "<network><name>x</name></network>", "line 1, <network>: the root must be <domain>"},
	{"domstatus", "<domstatus state='running'>" HEAD "</domain></domstatus>",
	 "<domstatus>: the root must be <domain>"},
	{"root-in-namespace", "<domain xmlns='urn:x'/>", "the root must be <domain>"},
	{"root-prefixed", "<x:domain xmlns:x='urn:x'/>", "the root must be <domain>"},
	{"two-roots", HEAD "</domain>\n<domain/>", "line 5: a second root element"},
	{"text-after", HEAD "</domain>x", "line 4: malformed XML: something follows the end of the root"},
	{"cdata-after", HEAD "</domain><![CDATA[x]]>", "line 4: text outside the root element: 'x'"},
	{"cdata-before", "<![CDATA[x]]>" HEAD "</domain>", "text outside the root element: 'x'"},
	{"bracket-after", HEAD "</domain><", "something follows the end of the root"},
	{"unclosed", HEAD, "malformed XML: Document ended unexpectedly"},
	{"crossed", "<domain><name>a</domain></name>", "malformed XML"},
	{"unknown-entity", HEAD "<title>&vm;</title></domain>", "malformed XML"},
	{"doctype", "<!DOCTYPE domain [<!ENTITY x 'y'>]>" HEAD "</domain>", "line 1: DOCTYPE is not taken"},
	{"doctype-within", HEAD "<metadata><a><!DOCTYPE x></a></metadata></domain>", "DOCTYPE is not taken"},
	{"doctype-after", HEAD "</domain><!DOCTYPE x>", "DOCTYPE is not taken"},
	{"doctype-small", "<!doctype domain>" HEAD "</domain>", "malformed XML"},
	{"instruction", HEAD "<?x y?></domain>", "processing instructions are not taken"},
	{"stylesheet", "<?xml-stylesheet href='x'?>" HEAD "</domain>", "processing instructions are not taken"},
	{"declaration-late", "\n<?xml version='1.0'?>" HEAD "</domain>", "processing instructions are not taken"},
	{"declaration-twice", "<?xml version='1.0'?><?xml version='1.0'?>" HEAD "</domain>",
	 "processing instructions are not taken"},
	{"latin1", "<?xml version='1.0' encoding='ISO-8859-1'?>" HEAD "</domain>", "says that it is not UTF-8"},
	/* libxml2 reads the hostdev as a comment, GMarkup as a hostdev. */
	{"comment-short", HEAD "<!--><devices/><!-- --></domain>", "a comment that XML parsers disagree on"},
	{"attribute-twice", "<domain type='a' type='b'>", "an attribute is there twice"},
	{"attribute-twice-theirs", HEAD "<metadata><a b='1' b='1'/></metadata></domain>",
	 "an attribute is there twice"},
	{"utf-8", HEAD "<title>\xff</title></domain>", "line 4: not UTF-8"},
	{"utf-16", "\xff\xfe<", "line 1: not UTF-8"},
	{"surrogate", HEAD "<title>\xed\xa0\x80</title></domain>", "line 4: not UTF-8"},

	{"no-uuid", "<domain><name>a</name></domain>", "there is no <uuid> directly below"},
	{"no-name", "<domain><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid></domain>",
	 "there is no <name> directly below"},
	{"name-elsewhere", "<domain><os><name>a</name></os><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>"
	 "</domain>",
	 "there is no <name> directly below"},
	{"two-names", HEAD "<name>b</name></domain>", "line 4, <name>: a second <name>"},
	{"two-uuids", HEAD "<uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid></domain>", "a second <uuid>"},
	{"two-devices", HEAD "<devices/><devices/></domain>", "a second <devices>"},
	{"two-metadata", HEAD "<metadata/><metadata/></domain>", "a second <metadata>"},
	{"empty-name", "<domain><name/></domain>", "'' is no name of a VM"},
	{"slash-name", "<domain><name>../x</name></domain>", "'../x' is no name of a VM"},
	{"line-end-name", "<domain><name>a&#10;b</name></domain>", "'a\\x0ab' is no name of a VM"},
	{"element-in-name", "<domain><name>a<b/></name></domain>", "an element within <name>"},
	{"bad-uuid", "<domain><uuid>x\xe2\x80\xae</uuid></domain>", "'x\\u{202E}' is no UUID"},
	{"braced-uuid", "<domain><uuid>{c7a5fdbd-edaf-9455-926a-d65c16db1809}</uuid></domain>", "is no UUID"},

	{"device-twice", HEAD "<devices><hostdev type='pci'><source><address bus='1'/></source></hostdev>"
	 "<hostdev type='pci'><source><address bus='0x01' slot='00'/></source></hostdev></devices></domain>",
	 "<hostdev>: PCI device 0000:01:00.0 is listed twice"},
	{"device-and-interface", HEAD "<devices><hostdev type='pci'><source><address bus='1'/></source></hostdev>"
	 "<interface type='hostdev'><source><address type='pci' bus='1'/></source></interface></devices></domain>",
	 "<interface>: PCI device 0000:01:00.0 is listed twice"},
	{"device-and-nvme", HEAD "<devices><disk type='nvme'><source type='pci'><address bus='1'/></source></disk>"
	 "<hostdev type='pci'><source><address bus='1'/></source></hostdev></devices></domain>",
	 "PCI device 0000:01:00.0 is listed twice"},
	{"nvme-differently", HEAD "<devices><disk type='nvme'><source type='pci'><address bus='1'/></source></disk>"
	 "<disk type='nvme'><source type='pci' managed='yes'><address bus='1'/></source></disk></devices></domain>",
	 "PCI device 0000:01:00.0 is listed twice"},
	{"device-no-source", HEAD "<devices><hostdev type='pci'/></devices></domain>",
	 "a PCI device without <source>"},
	{"device-no-address", HEAD "<devices><hostdev type='pci'><source/></hostdev></devices></domain>",
	 "a PCI device without <source>"},
	{"device-guest-address", HEAD "<devices><hostdev type='pci'><address bus='1'/></hostdev></devices></domain>",
	 "a PCI device without <source>"},
	{"device-two-addresses", HEAD "<devices><hostdev type='pci'><source><address bus='1'/><address bus='2'/>"
	 "</source>"
	 "</hostdev></devices></domain>", "a second <address>"},
	{"device-two-sources", HEAD "<devices><hostdev type='pci'><source><address bus='1'/></source><source/>"
	 "</hostdev></devices></domain>", "a second <source>"},
	{"interface-no-address", HEAD "<devices><interface type='hostdev'><source/></interface></devices></domain>",
	 "<interface>: a PCI device without <source>"},
	{"nvme-no-address", HEAD "<devices><disk type='nvme'><source type='pci'/></disk></devices></domain>",
	 "a PCI device without <source>"},
	{"nvme-other-bus", HEAD "<devices><disk type='nvme'><source type='usb'/></disk></devices></domain>",
	 "an NVMe disk of type 'usb'"},
	{"managed-maybe", HEAD "<devices><hostdev type='pci' managed='maybe'/></devices></domain>",
	 "managed 'maybe' is neither 'yes' nor 'no'"},
	{"bad-mac", HEAD "<devices><interface><mac address='52:54:00:12:34'/></interface></devices></domain>",
	 "address '52:54:00:12:34' is no MAC"},
};

static HostlerDomain *parse(const char *xml, GError **error)
{
	gsize length = strlen(xml);
	g_autofree char *exact = g_memdup2(xml, MAX(length, 1)); /* without NUL, as from a pipe */

	return hostler_domain_from_xml(exact, length, error);
}

static void test_document(gconstpointer data)
{
	const Document *document = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerDomain) domain = parse(document->xml, &error);

	if (document->words == NULL) {
		g_assert_no_error(error);
		g_assert_nonnull(domain);
		g_assert_cmpuint(domain->devices->len, ==, 0);
		return;
	}
	g_assert_null(domain);
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_XML);
	g_assert_true(g_str_has_prefix(error->message, "the VM's XML, line "));
	g_assert_null(strchr(error->message, '\n'));
	if (strstr(error->message, document->words) == NULL)
		g_error("expected \"%s\" in \"%s\"", document->words, error->message);
}

static void test_numbers(void)
{
	static const struct {
		const char *address;
		const char *bdf; /* NULL: refused */
	} table[] = {
		{"domain='0' bus='0' slot='1' function='0'", "0000:00:01.0"},
		{"domain='0xFFFF' bus='0XfF' slot='0x1f' function='7'", "ffff:ff:1f.7"},
		{"domain='0177777' bus='0377' slot='037' function='07'", "ffff:ff:1f.7"},
		{"domain='65535' bus='255' slot='31' function='7'", "ffff:ff:1f.7"},
		{"bus='0x00000000000000000000000001' slot='0' function='0'", "0000:01:00.0"},
		{"bus='010' slot='00' function='0'", "0000:08:00.0"},
		{"slot='2'", "0000:00:02.0"},
		{"domain='0x10000' bus='1'", NULL}, {"bus='256'", NULL},  {"slot='32'", NULL}, {"function='8'", NULL},
		{"bus='0x100'", NULL}, {"bus=''", NULL}, {"bus='-1'", NULL}, {"bus='+1'", NULL}, {"bus='1x'", NULL},
		{"bus=' 1'", NULL}, {"bus='1 '", NULL}, {"bus='0x'", NULL}, {"bus='0x0x1'", NULL},
		{"bus='0x-1'", NULL},
		{"bus='08'", NULL}, {"bus='a'", NULL}, {"bus='0b1'", NULL}, {"bus='1.0'", NULL},
		{"bus='\xd9\xa1'", NULL},
		{"bus='18446744073709551617'", NULL}, {"bus='0x10000000000000001'", NULL}, {"", NULL},
		{"domain='1'", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *xml = g_strdup_printf(HEAD "<devices><hostdev type='pci'><source><address %s/>"
				"</source>"
						       "</hostdev></devices></domain>", table[i].address);
		g_autoptr(GError) error = NULL;
		g_autoptr(HostlerDomain) domain = parse(xml, &error);

		if (table[i].bdf == NULL) {
			g_assert_null(domain);
			g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_XML);
			continue;
		}
		g_assert_no_error(error);
		g_assert_cmpuint(domain->devices->len, ==, 1);
		g_assert_cmpstr(((HostlerPciDevice *)domain->devices->pdata[0])->bdf, ==, table[i].bdf);
	}
}

/* What libvirt lets a VM be called (facts/reliability.md, L10) arrives as it is. */
static void test_names(void)
{
	static const char *const names[] = {
		".", " ", "-rf", "a\tb", "a;b", "*", "%s%n", "\"", "'", "}", "x$(touch f)", "`id`", "a|b&c",
		"\xe2\x80\xaesegap", "\xc2\x85", ".hidden", "autostart",
		"vm1\" ; } ; flush ruleset ; add table inet pwn { comment \"x", "\xf0\x9f\x90\xb4",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *xml = g_markup_printf_escaped("<domain><name>%s</name><uuid>c7a5fdbd-edaf-9455-926a-"
							       "d65c16db1809</uuid></domain>", names[i]);
		g_autoptr(GError) error = NULL;
		g_autoptr(HostlerDomain) domain = parse(xml, &error);

		g_assert_no_error(error);
		g_assert_cmpstr(domain->name, ==, names[i]);
	}
}

static void test_name_length(void)
{
	for (guint length = 255; length <= 256; length++) {
		g_autofree char *name = g_strnfill(length, 'x');
		g_autofree char *xml = g_strdup_printf("<domain><name>%s</name><uuid>c7a5fdbd-edaf-9455-926a-"
						       "d65c16db1809</uuid></domain>", name);
		g_autoptr(HostlerDomain) domain = parse(xml, NULL);

		g_assert_cmpint(domain != NULL, ==, length == 255);
	}
}

static void test_nul(void)
{
	static const char xml[] = HEAD "<title>\0</title></domain>";
	g_autoptr(GError) error = NULL;

	g_assert_null(hostler_domain_from_xml(xml, sizeof(xml) - 1, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_XML);
	g_assert_nonnull(strstr(error->message, "line 4: a NUL byte"));
}

static char *repeat(const char *before, const char *unit, guint n, const char *after)
{
	GString *out = g_string_sized_new(strlen(before) + n * strlen(unit) + strlen(after) + 1);

	g_string_append(out, before);
	for (guint i = 0; i < n; i++)
		g_string_append(out, unit);
	g_string_append(out, after);
	return g_string_free(out, FALSE);
}

static void test_depth(void)
{
	for (guint depth = 255; depth <= 256; depth++) {
		g_autofree char *open = repeat(HEAD, "<a>", depth, "");
		g_autofree char *xml = repeat(open, "</a>", depth, "</domain>");
		g_autoptr(HostlerDomain) domain = parse(xml, NULL);

		g_assert_cmpint(domain != NULL, ==, depth == 255); /* the root is the first */
	}
}

/* Each must be refused within a second on a quiet machine, and none may take
 * memory for what it only promises. A sanitizer or a busy machine gets more. */
static void test_floods(void)
{
	static const struct {
		const char *before;
		const char *unit;
		guint n;
		const char *after;
		const char *words;
	} floods[] = {
		{"<domain><title>", "xxxxxxxxxxxxxxxx", 2500000, "</title></domain>", "more than the 32 MiB"},
		{"<domain>", "<a>", 100000, "", "nested deeper than 256"},
		{"<domain ", "a='' ", 1000000, "/>", "Too many attributes"},
		{"<domain><metadata><a ", "b='' c='' ", 100, "/></metadata></domain>", "attribute"},
		{HEAD "<devices>", "<interface/>", 1025, "</devices></domain>", "more than 1024 interfaces"},
		{HEAD "<devices>", "<disk/>", 1025, "</devices></domain>", "more than 1024 disks"},
		{"<domain>", "&lt;", 1000000, "</domain>", "there is no <uuid>"},
		{"<domain><name>", "x", 10000000, "</name></domain>", "longer than 255 bytes"},
		{"<", "d", 10000000, "/>", "the root must be"},
		{"<!DOCTYPE x [", "<!ENTITY a 'b'>", 100000, "]><domain/>", "DOCTYPE"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(floods); i++) {
		g_autofree char *xml = repeat(floods[i].before, floods[i].unit, floods[i].n, floods[i].after);
		gsize length = strlen(xml);
		g_autoptr(GError) error = NULL;
		gint64 begun = g_get_monotonic_time();

		g_assert_null(hostler_domain_from_xml(xml, length, &error));
		g_assert_cmpint(g_get_monotonic_time() - begun, <, 10 * G_USEC_PER_SEC);
		g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_XML);
		g_assert_cmpuint(strlen(error->message), <, 1000);
		if (strstr(error->message, floods[i].words) == NULL)
			g_error("expected \"%s\" in \"%s\"", floods[i].words, error->message);
	}
}

static void test_many_devices(void)
{
	GString *xml = g_string_new(HEAD "<devices>");
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < 1025; i++)
		g_string_append_printf(xml, "<hostdev type='pci'><source><address bus='%u' slot='%u' function='%u'/>"
				"</source>"
				       "</hostdev>", i >> 8, (i >> 3) & 0x1f, i & 7);
	g_string_append(xml, "</devices></domain>");
	text = g_string_free(xml, FALSE);
	g_assert_null(parse(text, &error));
	g_assert_nonnull(strstr(error->message, "more than 1024 PCI devices"));
}

/* --- libvirt's notes --- */

#define UUID_AND_NAME "<name>vm</name><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>"
#define NIC(actual) "<domstatus><domain>" UUID_AND_NAME "<devices><interface type='network'>" actual \
	"<source network='n'/></interface></devices></domain></domstatus>"

static const Document notes[] = {
	{"plain", "<domstatus state='running'>" HEAD "</domain></domstatus>", NULL},
	{"others-first", "<domstatus><uuid>x</uuid><devices/><a><domain/></a>" HEAD "</domain></domstatus>", NULL},
	{"domain", HEAD "</domain>", "libvirt's note on the VM, line 2, <domain>: the root must be <domstatus>"},
	{"empty", "", "libvirt's note on the VM, line 1: the document is empty"},
	{"no-domain", "<domstatus><domains/></domstatus>", "libvirt's note on the VM has no <domain>"},
	{"two-domains", "<domstatus>" HEAD "</domain>" HEAD "</domain></domstatus>", "a second <domain>"},
	{"no-uuid", "<domstatus><domain><name>a</name></domain></domstatus>", "there is no <uuid> directly below"},
	{"pool", NIC("<actual type='hostdev'><source><address type='pci' bus='1'/></source></actual>"), NULL},
	{"pool-usb", NIC("<actual type='hostdev'><source><address type='usb' bus='1'/></source></actual>"), NULL},
	{"pool-bridge", NIC("<actual type='bridge'><source bridge='br0'/></actual>"), NULL},
	{"pool-direct", NIC("<actual type='direct'><source dev='eth0' mode='vepa'/></actual>"), NULL},
	{"pool-nothing", NIC("<actual type='hostdev'/>"), "a PCI device without <source><address"},
	{"pool-twice", NIC("<actual type='hostdev'><source><address bus='1'/></source></actual><actual/>"),
	 "a second <actual>"},
};

static void test_note(gconstpointer data)
{
	const Document *note = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerDomain) domain = hostler_domain_from_status(note->xml, strlen(note->xml), &error);

	if (note->words == NULL) {
		g_assert_no_error(error);
		g_assert_cmpstr(domain->uuid, ==, "c7a5fdbd-edaf-9455-926a-d65c16db1809");
		g_assert_cmpuint(domain->devices->len, ==, g_str_equal(note->name, "pool") ? 1 : 0);
		return;
	}
	g_assert_null(domain);
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_XML);
	if (strstr(error->message, note->words) == NULL)
		g_error("expected \"%s\" in \"%s\"", note->words, error->message);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_files("domain", 5);
	add_files("status", 1);
	for (gsize i = 0; i < G_N_ELEMENTS(notes); i++) {
		g_autofree char *path = g_strconcat("/domain/status/", notes[i].name, NULL);

		g_test_add_data_func(path, &notes[i], test_note);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(documents); i++) {
		g_autofree char *path = g_strconcat("/domain/document/", documents[i].name, NULL);

		g_test_add_data_func(path, &documents[i], test_document);
	}
	g_test_add_func("/domain/numbers", test_numbers);
	g_test_add_func("/domain/names", test_names);
	g_test_add_func("/domain/name-length", test_name_length);
	g_test_add_func("/domain/nul", test_nul);
	g_test_add_func("/domain/depth", test_depth);
	g_test_add_func("/domain/floods", test_floods);
	g_test_add_func("/domain/many-devices", test_many_devices);
	return g_test_run();
}
