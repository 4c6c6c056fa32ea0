/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the stay says of the storage below disks and the networks behind NICs. */
#include <string.h>

#include "fakehost.h"
#include "hostler/domain.h"
#include "hostler/storage.h"
#include "plugins/metrics/ground.h"
#include "plugins/metrics/inventory.h"

#define UUID "6f30cf5b-0000-4000-8000-000000000001"

static const char description[] =
	"[image /vm/a.qcow2]\nstorage=ext4 on md raid1 (2 of 2) on SSD\nstorage_kind=ext4 on md raid1 on SSD\n"
	"file_system=ext4\nblock_device=md127\nfree_bytes=17\nin_memory=true\n"
	"[image /nas/b.img]\nstorage=NFS 4.2 from nas:/vm\nstorage_kind=NFS 4.2\nserver=nas\nexport=/vm\n"
	"[image /card/d.img]\n"
	"[interface vnet3]\nmtu=1500\n[interface eth0]\nspeed=10000\n"
	"[network default]\nxml=<network><name>default</name><uuid>" UUID "</uuid><forward mode='nat'/>"
	"<bridge name='virbr0'/></network>\n"
	"[network alone]\nxml=<network><name>alone</name><uuid>" UUID "</uuid><bridge name='virbr1'/></network>\n";

static const char domain_xml[] =
	"<domain><name>web</name><uuid>" UUID "</uuid><devices>"
	"<disk type='file' device='disk'><source file='/vm/a.qcow2'/><target dev='vda' bus='virtio'/></disk>"
	"<disk type='file' device='disk'><source file='/nas/b.img'/><target dev='vdb' bus='virtio'/></disk>"
	"<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>"
	"<disk type='network' device='disk'><source protocol='rbd' name='pool/c'><host name='mon1' port='6789'/>"
	"<host name='mon2'/></source><target dev='vdc' bus='virtio'/></disk>"
	"<disk type='volume' device='disk'><source pool='p' volume='v'/><target dev='vdd' bus='virtio'/></disk>"
	"<disk type='file' device='disk'><source file='/none'/><target dev='vde' bus='virtio'/></disk>"
	"<disk type='file' device='disk'><source file='/card/d.img'/><target dev='vdf' bus='virtio'/></disk>"
	"<interface type='network'><mac address='52:54:00:aa:00:01'/><source network='default' bridge='virbr0'/>"
	"<target dev='vnet3'/></interface>"
	"<interface type='network'><mac address='52:54:00:aa:00:02'/><source network='alone'/></interface>"
	"<interface type='direct'><mac address='52:54:00:aa:00:03'/><source dev='eth0' mode='bridge'/></interface>"
	"<interface type='bridge'><mac address='52:54:00:aa:00:04'/><source bridge='br0'/></interface>"
	"<interface type='user'><mac address='52:54:00:aa:00:05'/></interface>"
	"</devices></domain>";

static GKeyFile *fill(HostlerHost *host)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerDomain) domain = hostler_domain_from_xml(domain_xml, strlen(domain_xml), &error);
	g_autoptr(GPtrArray) xmls = host->ops->network_xmls(host);
	GKeyFile *stay = g_key_file_new();

	g_assert_no_error(error);
	metrics_inventory_fill(stay, domain, 10);
	metrics_ground_fill(host, domain, xmls, stay);
	return stay;
}

static HostlerHost *open_host(void)
{
	g_autoptr(GError) error = NULL;
	HostlerHost *host = fakehost_new(description, &error);

	g_assert_no_error(error);
	return host;
}

static void assert_value(GKeyFile *stay, const char *group, const char *key, const char *expected)
{
	g_autofree char *value = g_key_file_get_string(stay, group, key, NULL);

	g_test_message("[%s] %s", group, key);
	g_assert_cmpstr(value, ==, expected);
}

static void test_fill(void)
{
	static const struct {
		const char *group, *key, *value;
	} expected[] = {
		{ "metrics-disk-0", "source", "/vm/a.qcow2" },
		{ "metrics-disk-0", "storage", "ext4 on md raid1 (2 of 2) on SSD" },
		{ "metrics-disk-0", "storage_kind", "ext4 on md raid1 on SSD" },
		{ "metrics-disk-0", "file_system", "ext4" },
		{ "metrics-disk-0", "block_device", "md127" },
		{ "metrics-disk-0", "free_bytes", NULL }, /* of that moment, not of the run */
		{ "metrics-disk-1", "server", "nas" },
		{ "metrics-disk-1", "export", "/vm" },
		{ "metrics-disk-2", "storage", NULL }, /* an empty drive */
		{ "metrics-disk-3", "storage_kind", "rbd network disk" },
		{ "metrics-disk-3", "server", "mon1" },
		{ "metrics-disk-4", "storage_kind", "unknown" },
		{ "metrics-disk-5", "storage", "unknown: /none: No such file or directory" },
		{ "metrics-disk-5", "storage_kind", "unknown" },
		{ "metrics-nic-0", "network_kind", "nat" },
		{ "metrics-nic-0", "forward", "nat" },
		{ "metrics-nic-0", "mtu_bytes", "1500" },
		{ "metrics-nic-1", "network_kind", "isolated" },
		{ "metrics-nic-2", "network_kind", "macvtap bridge" },
		{ "metrics-nic-2", "lower_megabits_per_second", "10000" },
		{ "metrics-nic-2", "forward", NULL },
		{ "metrics-nic-3", "network_kind", "bridge" },
		{ "metrics-nic-4", "network_kind", "user" },
	};
	g_autoptr(HostlerHost) host = open_host();
	g_autoptr(GKeyFile) stay = fill(host);

	for (gsize i = 0; i < G_N_ELEMENTS(expected); i++)
		assert_value(stay, expected[i].group, expected[i].key, expected[i].value);
}

/* A NAS that is gone: its disk is called what its mount is, and nothing takes all the hook's time. What
 * the first lies on does not answer either, but the kernel knows it by heart; of the last it does not. */
static void test_silent(void)
{
	g_autoptr(HostlerHost) host = open_host();
	g_autoptr(GError) error = NULL;
	g_autoptr(GKeyFile) stay = NULL;
	gint64 deadline = host->deadline;

	g_assert_true(fakehost_fault(host, "storage /nas/b.img hang", &error));
	g_assert_true(fakehost_fault(host, "storage /card/d.img hang", &error));
	g_assert_true(fakehost_fault(host, "storage /vm/a.qcow2 hang", &error));
	stay = fill(host);
	assert_value(stay, "metrics-disk-0", "storage_kind", "ext4 on md raid1 on SSD");
	assert_value(stay, "metrics-disk-1", "storage", "NFS 4.2 from nas:/vm");
	assert_value(stay, "metrics-disk-1", "storage_kind", "NFS 4.2");
	assert_value(stay, "metrics-disk-6", "storage", "unknown: did not answer");
	assert_value(stay, "metrics-disk-6", "storage_kind", "unknown");
	assert_value(stay, "metrics-nic-0", "network_kind", "nat");
	g_assert_cmpint(host->deadline, ==, deadline);
	g_assert_cmpint(hostler_host_time_left(host), >, 10 * G_USEC_PER_SEC);
	g_key_file_unref(g_steal_pointer(&stay));
	stay = fill(host); /* remembered: it is not waited for again */
	assert_value(stay, "metrics-disk-6", "storage", "unknown: did not answer");
	g_assert_cmpint(hostler_host_time_left(host), >, 10 * G_USEC_PER_SEC);
}

/* The hook has used up its time elsewhere: nobody was asked, so nobody was silent. */
static void test_no_time(void)
{
	g_autoptr(HostlerHost) host = open_host();
	g_autoptr(GKeyFile) stay = NULL;

	host->deadline = host->ops->monotonic(host);
	stay = fill(host);
	assert_value(stay, "metrics-disk-0", "storage_kind", "ext4 on md raid1 on SSD");
	assert_value(stay, "metrics-disk-1", "storage", "NFS 4.2 from nas:/vm"); /* as it is mounted */
	assert_value(stay, "metrics-disk-6", "storage", "unknown: not looked at, no time was left");
	assert_value(stay, "metrics-disk-6", "storage_kind", "unknown");
}

static GKeyFile *survey_nas(HostlerHost *host)
{
	g_autoptr(GPtrArray) disks = g_ptr_array_new();
	HostlerDisk disk = { .type = (char *)"file", .source = (char *)"/nas/b.img" };
	HostlerDomain domain = { .disks = disks };
	g_autoptr(GPtrArray) all = NULL;

	g_ptr_array_add(disks, &disk);
	all = hostler_storage_survey(host, &domain, HOSTLER_STORAGE_TRIES);
	return g_key_file_ref(g_ptr_array_index(all, 0));
}

/* For as long as it was waited for, not for as long as it would have been. */
static void test_seconds(void)
{
	static const struct {
		int left, waited;
	} cases[] = { { 3, 3 }, { 20, 5 } };

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(HostlerHost) host = open_host();
		g_autoptr(GError) error = NULL;
		g_autoptr(GKeyFile) facts = NULL;

		g_assert_true(fakehost_fault(host, "storage /nas/b.img hang", &error));
		host->deadline = host->ops->monotonic(host) + cases[i].left * G_USEC_PER_SEC;
		facts = survey_nas(host);
		g_assert_cmpint(g_key_file_get_integer(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_SILENT, NULL), ==,
				cases[i].waited);
		g_key_file_unref(g_steal_pointer(&facts));
		host->deadline = host->ops->monotonic(host);
		facts = survey_nas(host); /* still out */
		g_assert_cmpint(g_key_file_get_integer(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_SILENT, NULL), ==, 5);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/metrics-ground/fill", test_fill);
	g_test_add_func("/metrics-ground/silent", test_silent);
	g_test_add_func("/metrics-ground/no-time", test_no_time);
	g_test_add_func("/metrics-ground/seconds", test_seconds);
	return g_test_run();
}
