/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bundle names nobody, and holds what a report needs. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fakehost.h"
#include "hostler/capabilities.h"
#include "hostler/error.h"
#include "hostler/record.h"
#include "qemu-helpers/hostler/bundle.h"

#define UUID "11111111-2222-3333-4444-555555555555"
#define OTHER "99999999-8888-7777-6666-555555555555"
#define NAME "Anna's  Büro; $(x)"

/* Everything that a bundle must not hold, where it might come from. */
static const char description[] =
	"[device 0000:00:01.0]\nclass=0x060400\ndriver=pcieport\niommu_group=1\n"
	"[device 0000:01:00.0]\nvendor=0x1002\ndevice=0x67df\nclass=0x030000\ndriver=vfio-pci\niommu_group=14\n"
	"port=0000:00:01.0\n"
	"[device 0000:01:00.1]\nclass=0x040300\ndriver=snd_hda_intel\niommu_group=14\nport=0000:00:01.0\n"
	"[device 0000:05:00.0]\ndriver=e1000e\niommu_group=20\nusers=eth0 is mounted on /home/anna/disk\n"
	"[kernel]\n"
	"/proc/sys/kernel/hostname=Nebelhorn.zuhause.example\n"
	"/proc/sys/kernel/domainname=zuhause.example\n"
	"/proc/sys/kernel/osrelease=6.1.0-nebelhorn\n"
	"/proc/sys/kernel/version=#1 SMP Debian 6.1.170-3 (2026-05-08)\n"
	"/proc/cmdline=BOOT_IMAGE=/vmlinuz root=UUID=abcdef01-2345-6789-abcd-ef0123456789 ro "
	"ip=192.0.2.7::192.0.2.1:255.255.255.0:nebelhorn:eth0:off intel_iommu=on annas-wort rd.luks.name=geheim "
	"vfio-pci.ids=1002:67df systemd.hostname=nebelhorn x=\"a anna b\" -- anna\n"
	"/proc/cpuinfo=model name\t: Example CPU 9000\n"
	"log=<6>[    1.0] DMAR: IOMMU enabled\\n"
	"<5>[    0.0] Kernel command line: root=/dev/anna intel_iommu=on\\n"
	"<6>[    2.0] igb 0000:05:00.0 eth0: reset, (PCIe:5.0Gb/s) 52:54:00:AB:cd:ef on nebelhorn\\n"
	"<6>[    2.5] igb 0000:05:00.0: reset by fe80::5054:ff:feab:cdef and 192.0.2.99, 525400abcdef\\n"
	"<4>[    3.0] vfio-pci 0000:01:00.0: not ready 1023ms after FLR; waiting\\n"
	"<30>[    4.0] systemd[1]: vfio started by anna for Anna's  Büro\\n"
	"<6>[    5.0] audit: user=anna\\n"
	"<3>[    6.0] pcieport 0000:00:01.0: AER: Corrected error received, anna@zuhause.example 11111111-2222-3333-4444-"
	"555555555555\n";

static const char *const secrets[] = {
	"Anna", "anna", "B\xc3\xbcro", "nebelhorn", "Nebelhorn", "zuhause", "52:54:00", "525400ab", "192.0.2", "fe80",
	"geheim", "11111111-2222", "99999999-8888", "abcdef01", "/home", "annas-wort",
};

const HostlerPlugin *const *hostler_plugins(void)
{
	static const HostlerPlugin *const plugins[] = { &hostler_plugin_advice, NULL };

	return plugins;
}

static HostlerHost *open_host(void)
{
	g_autoptr(GError) error = NULL;
	HostlerHost *host = fakehost_new(description, &error);

	g_assert_no_error(error);
	return host;
}

static void put_claim(HostlerHost *host)
{
	g_autoptr(HostlerRecord) claim = hostler_record_new(host, HOSTLER_RECORD_CLAIM, "0000:01:00.0", UUID, NAME);
	const char *tried[] = { "flr: was not reset, 102 ms", "bus: was reset, 1034 ms" };
	g_autoptr(GError) error = NULL;

	g_key_file_set_string(claim->body, HOSTLER_CLAIM_IDENTITY, "vendor", "0x1002");
	g_key_file_set_string(claim->body, HOSTLER_CLAIM_FOUND, "driver", "amdgpu");
	g_key_file_set_string(claim->body, HOSTLER_CLAIM_RESET, "outcome", "was reset (bus, 1034 ms); flr: was not reset");
	g_key_file_set_string_list(claim->body, HOSTLER_CLAIM_RESET, "tried", tried, G_N_ELEMENTS(tried));
	g_key_file_set_string(claim->body, "trouble", "text",
			      "0000:01:00.0 belongs to VM 'Onkel Otto'; is mounted on /home/anna/my disk");
	g_key_file_set_string(claim->body, "notes", "text", "geheim");
	g_assert_true(hostler_record_store(host, claim, &error));
	g_assert_no_error(error);
}

static void put_stay(HostlerHost *host)
{
	g_autoptr(HostlerRecord) stay = hostler_record_new(host, HOSTLER_RECORD_STAY, OTHER, OTHER, "nebelhorn");
	g_autoptr(GError) error = NULL;

	g_key_file_set_string(stay->body, "metrics-nic-0", "mac", "52:54:00:12:34:56");
	g_assert_true(hostler_record_store(host, stay, &error));
	g_assert_no_error(error);
}

static char *collect(void)
{
	HostlerHost *host = open_host();
	char *text;

	put_claim(host);
	put_stay(host);
	text = bundle_collect(host, (const char *const[]){ "libvirt 9.0.0", NULL });
	hostler_host_free(host);
	return text;
}

static void test_names_nobody(void)
{
	g_autofree char *text = collect();

	for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++) {
		if (strstr(text, secrets[i]) != NULL)
			g_error("'%s' is in the bundle:\n%s", secrets[i], text);
	}
	g_assert_null(strstr(text, "Onkel"));
	g_assert_null(strstr(text, "my disk"));
}

static void test_holds_evidence(void)
{
	static const char *const wanted[] = {
		"0000:01:00.0: vm-2, pending",
		"reset outcome: was reset (bus, 1034 ms); flr: was not reset\n",
		"reset tried: flr: was not reset, 102 ms",
		"reset tried: bus: was reset, 1034 ms",
		"found driver: amdgpu",
		"stay: vm-1, pending",
		"not ready 1023ms after FLR",
		"DMAR: IOMMU enabled",
		"eth0: reset, (PCIe:5.0Gb/s) [mac] on",
		"AER: Corrected error received, [mail] vm-2",
		"command line: BOOT_IMAGE=... root=... ro ip=... intel_iommu=on rd.luks.name=... vfio-pci.ids=1002:67df sys",
		"systemd.hostname=... x=... (and 3 more)\n",
		"processor: Example CPU 9000",
		"device 0000:05:00.0: class 0200, 8086:10d3",
		"group 14, below 0000:00:01.0, driver vfio-pci",
		"libvirt 9.0.0",
		"\n0000:01:00.0 Class 0300: 1002:67df\n00: 02 10 df 67",
		"\n0000:01:00.1 Class 0403",
		"\n0000:00:01.0 Class 0604",
	};
	g_autofree char *text = collect();

	for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
		if (strstr(text, wanted[i]) == NULL)
			g_error("'%s' is not in the bundle:\n%s", wanted[i], text);
	}
	/* A NIC that nobody passes through. */
	g_assert_null(strstr(text, "\n0000:05:00.0 Class"));
}

/* What one device takes of the time the others have of their own. */
static void test_device_that_hangs(void)
{
	HostlerHost *host = open_host();
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	put_claim(host);
	g_assert_true(fakehost_fault(host, "read 0000:05:00.0 class hang", &error));
	text = bundle_collect(host, (const char *const[]){ NULL });
	g_assert_nonnull(strstr(text, "\n=== hostler check ===\n  advice device-stuck: 0000:05:00.0 is stuck: "));
	g_assert_nonnull(strstr(text, "device 0000:05:00.0: 0000:05:00.0 is stuck: an earlier"));
	g_assert_nonnull(strstr(text, "device 0000:01:00.0: class 0300"));
	g_assert_nonnull(strstr(text, "\n0000:01:00.0 Class 0300"));
	hostler_host_free(host);
}

/* What the head promises. */
static void test_is_a_dump(void)
{
	g_autofree char *text = collect();
	g_autofree char *file = g_build_filename(g_get_tmp_dir(), "hostler-test-bundle.dump", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) dump = NULL;

	g_assert_true(g_file_set_contents(file, text, -1, &error));
	dump = hostler_dump_read(file, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(dump->len, ==, 3);
	g_assert_cmpstr(((const HostlerDumped *)g_ptr_array_index(dump, 1))->bdf, ==, "0000:01:00.0");
	g_assert_cmphex(((const HostlerDumped *)g_ptr_array_index(dump, 1))->capabilities.device, ==, 0x67df);
	g_unlink(file);
}

static void test_line(gconstpointer data)
{
	const char *const *pair = data;
	g_autoptr(Redactor) redactor = redactor_new();
	g_autofree char *line = NULL;

	redactor_hide(redactor, "web", "vm-1");
	redactor_hide(redactor, "web server", "vm-2");
	redactor_hide(redactor, "a\tb", "vm-3");
	redactor_hide(redactor, "", "vm-4");
	redactor_hide_host(redactor, "oak.example.org");
	line = redactor_line(redactor, pair[0]);
	g_assert_cmpstr(line, ==, pair[1]);
}

static const char *const lines[][2] = {
	{ "the web server runs, WEB too, webby not", "the vm-2 runs, vm-1 too, webby not" },
	{ "a\tb", "vm-3" },
	{ "on Oak and oak.example.org, not oaken", "on [host] and [host], not oaken" },
	{ "mac 52-54-00-12-34-56 and 5254.0012.3456", "mac [mac] and [mac]" },
	{ "52:54:0:12:34:56,", "[mac]," },
	{ "mac:52:54:00:12:34:56", "mac:[mac]" },
	{ "1:2:3:4:5:6:7:8 2001:db8::7 ::1", "[address] [address] [address]" },
	{ "by 192.0.2.7, from 10.0.0.1.", "by [address], from [address]." },
	{ "::ffff:192.0.2.1 2001:db8::/32", "[address]:[address] [address]/32" },
	{ "0000:01:00.0: [1002:67df] type 00 class 0x030000", "0000:01:00.0: [1002:67df] type 00 class 0x030000" },
	{ "pci 0000:01:00.0: BAR 0 [mem 0xe0000000-0xefffffff 64bit pref]",
	  "pci 0000:01:00.0: BAR 0 [mem 0xe0000000-0xefffffff 64bit pref]" },
	{ "at 12:30:45 nvidia 535.183.01", "at 12:30:45 nvidia 535.183.01" },
	{ "VM 'it's', VM 'x'; end", "VM '[name]', VM '[name]'; end" },
	{ "/home/me/a b, /etc/hostler/quirks.d/x.quirk", "[path], /etc/hostler/quirks.d/x.quirk" },
	{ "DMAR: [DMA Read] device [01:00.0] fault addr 0xfffe0000", "DMAR: [DMA Read] device [01:00.0] fault addr "
								     "0xfffe0000" },
};

/* Serial number, VPD, and what only the maker reads, of a NIC. */
static void test_config(void)
{
	g_autofree guint8 *config = g_malloc0(HOSTLER_CONFIG_BYTES);
	static const guint8 vpd[] = { 0x03, 0x50, 0x00, 0x80, 1, 2, 3, 4 };
	static const guint8 vendors[] = { 0x09, 0x00, 0x06, 7, 8, 9 };
	static const guint8 serial[] = { 0x03, 0x00, 0x01, 0x14, 1, 2, 3, 4, 5, 6, 7, 8, 0xaa };
	static const guint8 more[] = { 0x0b, 0x00, 0x01, 0x10, 0x00, 0x00, 0xc0, 0x00, 1, 2, 3, 4 }; /* loops */

	config[0x34] = 0x40;
	config[0x0b] = 0x02;
	memcpy(config + 0x40, vpd, sizeof(vpd));
	memcpy(config + 0x50, vendors, sizeof(vendors));
	memcpy(config + 0x100, serial, sizeof(serial));
	memcpy(config + 0x140, more, sizeof(more));
	redact_config(config, HOSTLER_CONFIG_BYTES);
	for (guint i = 0x44; i < 0x48; i++)
		g_assert_cmphex(config[i], ==, 0);
	for (guint i = 0x53; i < 0x56; i++)
		g_assert_cmphex(config[i], ==, 0);
	for (guint i = 0x104; i < 0x10c; i++)
		g_assert_cmphex(config[i], ==, 0);
	for (guint i = 0x148; i < 0x14c; i++)
		g_assert_cmphex(config[i], ==, 0);
	g_assert_cmphex(config[0x10c], ==, 0xaa);
	g_assert_cmphex(config[0x40], ==, 0x03);
}

/* Whatever a device answers. */
static void test_config_random(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(4);

	for (guint i = 0; i < 2000; i++) {
		gsize length = (gsize)g_rand_int_range(random, 0, 512);
		g_autofree guint8 *config = g_malloc(length + 1);

		for (gsize j = 0; j < length; j++)
			config[j] = (guint8)g_rand_int(random);
		config[length] = 0x5a;
		redact_config(config, length);
		g_assert_cmphex(config[length], ==, 0x5a);
	}
}

static void test_file(void)
{
	g_autofree char *folder = g_dir_make_tmp("hostler-test-XXXXXX", NULL);
	g_autofree char *file = g_build_filename(folder, "bundle", NULL);
	g_autofree char *link = g_build_filename(folder, "link", NULL);
	g_autofree char *beyond = g_build_filename(folder, "beyond", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	struct stat info;

	g_assert_true(bundle_write(file, "evidence\n", &error));
	g_assert_no_error(error);
	g_assert_cmpint(stat(file, &info), ==, 0);
	g_assert_cmpint(info.st_mode & 07777, ==, 0600);
	g_assert_false(bundle_write(file, "other\n", &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST);
	g_assert_nonnull(strstr(error->message, "not there yet"));
	g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "evidence\n");
	g_clear_error(&error);
	g_assert_cmpint(symlink(beyond, link), ==, 0);
	g_assert_false(bundle_write(link, "other\n", &error));
	g_assert_false(g_file_test(beyond, G_FILE_TEST_EXISTS));
	g_unlink(link);
	g_unlink(file);
	g_rmdir(folder);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/bundle/names-nobody", test_names_nobody);
	g_test_add_func("/bundle/holds-evidence", test_holds_evidence);
	g_test_add_func("/bundle/device-that-hangs", test_device_that_hangs);
	g_test_add_func("/bundle/is-a-dump", test_is_a_dump);
	g_test_add_func("/bundle/config", test_config);
	g_test_add_func("/bundle/config-random", test_config_random);
	g_test_add_func("/bundle/file", test_file);
	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autofree char *path = g_strdup_printf("/bundle/line/%zu", i);

		g_test_add_data_func(path, lines[i], test_line);
	}
	return g_test_run();
}
