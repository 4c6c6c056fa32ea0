/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a VM the stay says is to be counted, and what the log is called. */
#include <string.h>

#include "hostler/domain.h"
#include "plugins/metrics/address.h"
#include "plugins/metrics/cgroup.h"
#include "plugins/metrics/inventory.h"

#define UUID "6f30cf5b-0000-4000-8000-000000000001"

static const char domain_xml[] =
	"<domain><name>web</name><uuid>" UUID "</uuid><devices>"
	"<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none' io='native'/>"
	"<source file='/srv/a;b=c [x].qcow2'/><target dev='vda' bus='virtio'/></disk>"
	"<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>"
	"<interface type='network'><mac address='52:54:00:AA:00:01'/><source network='default' bridge='virbr0'/>"
	"<target dev='vnet3'/><model type='virtio'/></interface>"
	"<interface type='direct'><mac address='52:54:00:aa:00:02'/><source dev='eth0' mode='bridge'/>"
	"<target dev='macvtap0'/></interface>"
	"<interface type='user'><mac address='52:54:00:aa:00:03'/></interface>"
	"<interface type='hostdev'><mac address='52:54:00:aa:00:04'/><source>"
	"<address type='pci' domain='0x0000' bus='0x02' slot='0x10' function='0x1'/></source></interface>"
	"<interface type='vhostuser'><mac address='52:54:00:aa:00:05'/><source type='unix' path='/run/vhost.sock'/>"
	"<target dev='eth0'/></interface>"
	"<hostdev mode='subsystem' type='pci' managed='yes'><source>"
	"<address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source></hostdev>"
	"</devices></domain>";

static GKeyFile *fill(guint interval)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerDomain) domain = hostler_domain_from_xml(domain_xml, strlen(domain_xml), &error);
	GKeyFile *stay = g_key_file_new();

	g_assert_no_error(error);
	g_key_file_set_string(stay, "forward", "ours", "not");
	metrics_inventory_fill(stay, domain, interval);
	return stay;
}

static void assert_value(GKeyFile *stay, const char *group, const char *key, const char *expected)
{
	g_autofree char *value = g_key_file_get_string(stay, group, key, NULL);

	g_assert_cmpstr(value, ==, expected);
}

static void test_fill(void)
{
	static const struct {
		const char *group, *key, *value;
	} expected[] = {
		{ "metrics-disk-0", "target", "vda" },
		{ "metrics-disk-0", "source", "/srv/a;b=c [x].qcow2" },
		{ "metrics-disk-0", "format", "qcow2" },
		{ "metrics-disk-0", "cache", "none" },
		{ "metrics-disk-0", "io", "native" },
		{ "metrics-disk-0", "bus", "virtio" },
		{ "metrics-disk-0", "unmeasured", NULL },
		{ "metrics-disk-1", "device", "cdrom" },
		{ "metrics-disk-1", "source", NULL },
		{ "metrics-nic-0", "mac", "52:54:00:aa:00:01" },
		{ "metrics-nic-0", "type", "network" },
		{ "metrics-nic-0", "network", "default" },
		{ "metrics-nic-0", "bridge", "virbr0" },
		{ "metrics-nic-0", "target", "vnet3" },
		{ "metrics-nic-0", "model", "virtio" },
		{ "metrics-nic-0", "unmeasured", NULL },
		{ "metrics-nic-1", "type", "direct" },
		{ "metrics-nic-1", "source", "eth0" },
		{ "metrics-nic-1", "mode", "bridge" },
		{ "metrics-nic-2", "type", "user" },
		{ "forward", "ours", "not" },
	};
	g_autoptr(GKeyFile) stay = fill(7);

	for (gsize i = 0; i < G_N_ELEMENTS(expected); i++)
		assert_value(stay, expected[i].group, expected[i].key, expected[i].value);
	g_assert_cmpuint(metrics_inventory_interval(stay), ==, 7);
}

/* Told of once each, with a reason: the passed through NIC as a NIC. */
static void test_unmeasured(void)
{
	static const char *const groups[] = { "metrics-nic-2", "metrics-nic-3", "metrics-nic-4" };
	g_autoptr(GKeyFile) stay = fill(1);
	g_auto(GStrv) all = g_key_file_get_groups(stay, NULL);
	const char *device = NULL;
	guint devices = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(groups); i++) {
		g_autofree char *reason = g_key_file_get_string(stay, groups[i], "unmeasured", NULL);

		g_assert_nonnull(reason);
		g_assert_cmpuint(strlen(reason), >, 20);
	}
	for (gsize i = 0; all[i] != NULL; i++) {
		if (g_str_has_prefix(all[i], METRICS_DEVICES)) {
			device = all[i];
			devices++;
		}
	}
	g_assert_cmpuint(devices, ==, 1);
	assert_value(stay, device, "bdf", "0000:01:00.0");
}

static void assert_long(GKeyFile *stay, const char *path, gsize bytes)
{
	g_autofree char *begin = g_strndup(path, bytes);

	assert_value(stay, "metrics-disk-0", "source", begin);
}

/* A path of 4 KiB for each of many disks: the stay must have room for all, and text stays text. */
static void test_long(void)
{
	g_autoptr(GString) path = g_string_new("/");
	g_autoptr(GString) xml = g_string_new("<domain><name>web</name><uuid>" UUID "</uuid><devices>");
	g_autoptr(HostlerDomain) domain = NULL;
	g_autoptr(GKeyFile) stay = g_key_file_new();
	g_autofree char *text = NULL;
	gsize length = 0;

	for (guint i = 0; i < 2000; i++)
		g_string_append(path, "\xc3\xa4");
	for (guint i = 0; i < 500; i++)
		g_string_append_printf(xml, "<disk type='file' device='disk'><source file='%s'/>"
				       "<target dev='sd%u' bus='scsi'/></disk>", path->str, i);
	g_string_append(xml, "</devices></domain>");
	domain = hostler_domain_from_xml(xml->str, xml->len, NULL);
	g_assert_nonnull(domain);
	metrics_inventory_fill(stay, domain, 10);
	text = g_key_file_to_data(stay, &length, NULL);
	g_assert_cmpuint(length, <, 768 * 1024);
	g_assert_true(g_utf8_validate(text, (gssize)length, NULL));
	assert_long(stay, path->str, 1023);
}

static void test_again(void)
{
	g_autoptr(GKeyFile) stay = fill(7);
	g_autoptr(GError) error = NULL;
	static const char bare[] = "<domain><name>web</name><uuid>" UUID "</uuid><devices/></domain>";
	g_autoptr(HostlerDomain) domain = hostler_domain_from_xml(bare, strlen(bare), &error);

	g_assert_no_error(error);
	metrics_inventory_fill(stay, domain, 3);
	g_assert_false(g_key_file_has_group(stay, "metrics-disk-0"));
	g_assert_true(g_key_file_has_group(stay, "forward"));
	g_assert_cmpuint(metrics_inventory_interval(stay), ==, 3);
	metrics_inventory_forget(stay);
	g_assert_cmpuint(metrics_inventory_interval(stay), ==, 0);
	g_assert_true(g_key_file_has_group(stay, "forward"));
}

static void test_log_name(void)
{
	g_autofree char *plain = metrics_log_name("web", UUID);
	g_autofree char *evil = metrics_log_name("../../etc/x;$(id)\t\xe2\x80\xae", UUID);
	g_autofree char *name = g_strnfill(255, 'a');
	g_autofree char *longest = metrics_log_name(name, UUID);

	g_assert_cmpstr(plain, ==, "web-" UUID ".jsonl");
	g_assert_true(g_str_has_suffix(evil, "-" UUID ".jsonl"));
	g_assert_null(strpbrk(evil, "/;$()\t\xe2"));
	g_assert_cmpint(evil[0], !=, '.');
	g_assert_cmpuint(strlen(longest), <=, 255);
	g_assert_true(g_str_has_suffix(longest, "-" UUID ".jsonl"));
}

/* The one of its own network, though another one knows the MAC as well. */
static void test_addresses(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerDomain) domain = hostler_domain_from_xml(domain_xml, strlen(domain_xml), &error);
	g_autoptr(GPtrArray) xmls = g_ptr_array_new();
	g_autoptr(GKeyFile) stay = fill(7);
	g_autofree char *reason = NULL;

	g_ptr_array_add(xmls, (gpointer)"<network><name>other</name><bridge name='virbr1'/><ip address='10.0.0.1' "
					"prefix='24'><dhcp><host mac='52:54:00:aa:00:01' ip='10.0.0.9'/></dhcp></ip>"
					"</network>");
	g_ptr_array_add(xmls, (gpointer)"no XML");
	metrics_addresses_fill(stay, domain, xmls);
	assert_value(stay, "metrics-nic-0", "address", NULL);
	g_ptr_array_add(xmls, (gpointer)"<network><name>default</name><bridge name='virbr0'/><ip address='192.0.2.1' "
					"prefix='24'><dhcp><host mac='52:54:00:aa:00:01' ip='192.0.2.9'/></dhcp></ip>"
					"</network>");
	metrics_addresses_fill(stay, domain, xmls);
	assert_value(stay, "metrics-nic-0", "address", "192.0.2.9");
	assert_value(stay, "metrics-nic-0", "rtt_unmeasured", NULL);
	reason = g_key_file_get_string(stay, "metrics-nic-1", "rtt_unmeasured", NULL);
	g_assert_nonnull(reason);
	g_assert_true(g_str_has_prefix(reason, "macvtap: "));
}

static void test_cgroup(void)
{
	static const struct {
		const char *text, *cgroup;
	} cases[] = {
		{ "0::/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator\n",
		  "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope" },
		{ "12:pids:/x\n0::/machine/qemu-1-web.libvirt-qemu/emulator\n", "/machine/qemu-1-web.libvirt-qemu" },
		{ "0::/machine.slice/machine-qemu\\x2d1\\x2dweb.scope", "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope" },
		{ "0::/system.slice/libvirtd.service\n", NULL },
		{ "0::/\n", NULL },
		{ "4:memory:/machine/qemu-1-web.libvirt-qemu\n", NULL },
		{ "", NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *cgroup = metrics_cgroup_of(cases[i].text);

		g_assert_cmpstr(cgroup, ==, cases[i].cgroup);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/metrics-inventory/fill", test_fill);
	g_test_add_func("/metrics-inventory/unmeasured", test_unmeasured);
	g_test_add_func("/metrics-inventory/long", test_long);
	g_test_add_func("/metrics-inventory/again", test_again);
	g_test_add_func("/metrics-inventory/log-name", test_log_name);
	g_test_add_func("/metrics-inventory/addresses", test_addresses);
	g_test_add_func("/metrics-inventory/cgroup", test_cgroup);
	return g_test_run();
}
