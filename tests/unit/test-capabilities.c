/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a function's configuration space says, and what a dump of many does. */
#include <glib/gstdio.h>
#include <pci/header.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler/capabilities.h"
#include "hostler/error.h"

typedef struct {
	guint8 bytes[HOSTLER_CONFIG_BYTES];
	guint8 last; /* where the last capability's pointer to the next is */
} Config;

static void put16(Config *config, guint at, guint value)
{
	config->bytes[at] = value & 0xff;
	config->bytes[at + 1] = value >> 8 & 0xff;
}

static void begin(Config *config, guint class)
{
	memset(config, 0, sizeof(*config));
	put16(config, PCI_VENDOR_ID, 0x10de);
	put16(config, PCI_DEVICE_ID, 0x1401);
	put16(config, PCI_CLASS_DEVICE, class);
	put16(config, PCI_STATUS, PCI_STATUS_CAP_LIST);
	config->last = PCI_CAPABILITY_LIST;
}

static void add(Config *config, guint8 at, guint8 id)
{
	config->bytes[config->last] = at;
	config->bytes[at] = id;
	config->last = at + 1;
}

static HostlerCapabilities read_first(const Config *config, gsize length)
{
	HostlerCapabilities capabilities;
	g_autofree guint8 *exact = g_memdup2(config->bytes, length); /* so that a sanitizer sees us read on */

	hostler_capabilities_read(exact, length, &capabilities);
	return capabilities;
}

static void test_endpoint(void)
{
	HostlerCapabilities found;
	static Config config;

	begin(&config, 0x0300);
	config.bytes[PCI_HEADER_TYPE] = 0x80;
	add(&config, 0x60, PCI_CAP_ID_PM);
	add(&config, 0x68, PCI_CAP_ID_MSI);
	add(&config, 0x78, PCI_CAP_ID_EXP);
	put16(&config, 0x78 + PCI_EXP_DEVCAP + 2, 0x1000);
	found = read_first(&config, HOSTLER_CONFIG_BYTES);
	g_assert_true(found.known && found.complete && found.multifunction && found.express && found.msi);
	g_assert_true(found.flr && found.pm_reset && !found.af_flr && !found.acs);
	g_assert_cmphex(found.vendor, ==, 0x10de);
	g_assert_cmphex(found.device, ==, 0x1401);
	g_assert_cmphex(found.class, ==, 0x0300);
	g_assert_cmphex(found.port, ==, PCI_EXP_TYPE_ENDPOINT);
	put16(&config, 0x60 + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RST);
	put16(&config, 0x78 + PCI_EXP_DEVCAP + 2, 0);
	found = read_first(&config, HOSTLER_CONFIG_BYTES);
	g_assert_true(!found.flr && !found.pm_reset);
}

static void test_port(void)
{
	HostlerCapabilities found;
	static Config config;

	begin(&config, 0x0604);
	config.bytes[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_BRIDGE;
	config.bytes[PCI_SECONDARY_BUS] = 7;
	add(&config, 0x40, PCI_CAP_ID_EXP);
	put16(&config, 0x40 + PCI_EXP_FLAGS, PCI_EXP_TYPE_ROOT_PORT << 4 | 2);
	put16(&config, 0x100, PCI_EXT_CAP_ID_AER);
	put16(&config, 0x102, 0x140 << 4 | 1);
	put16(&config, 0x140, PCI_EXT_CAP_ID_ACS);
	put16(&config, 0x142, 1);
	put16(&config, 0x140 + PCI_ACS_CAP, 0x5f);
	put16(&config, 0x140 + PCI_ACS_CTRL, 0x1d);
	found = read_first(&config, HOSTLER_CONFIG_BYTES);
	g_assert_cmphex(found.port, ==, PCI_EXP_TYPE_ROOT_PORT);
	g_assert_cmpuint(found.secondary, ==, 7);
	g_assert_true(found.acs);
	g_assert_cmphex(found.acs_offers, ==, 0x5f);
	g_assert_cmphex(found.acs_enabled, ==, 0x1d);
	/* As conventional PCI has it, and as a kernel without MMCONFIG shows it. */
	found = read_first(&config, 256);
	g_assert_true(found.express && !found.acs);
	/* As everybody may read it. */
	found = read_first(&config, 64);
	g_assert_true(found.known && !found.complete && !found.express);
	g_assert_cmpuint(found.secondary, ==, 7);
	/* Without a list of capabilities there is nothing more to be read. */
	config.bytes[PCI_STATUS] = 0;
	found = read_first(&config, 64);
	g_assert_true(found.known && found.complete && !found.express);
	found = read_first(&config, 63);
	g_assert_false(found.known);
}

static void test_advanced_features(void)
{
	HostlerCapabilities found;
	static Config config;

	begin(&config, 0x0c03);
	add(&config, 0x98, PCI_CAP_ID_AF);
	config.bytes[0x98 + PCI_AF_CAP] = PCI_AF_CAP_TP | PCI_AF_CAP_FLR;
	found = read_first(&config, 256);
	g_assert_true(found.af_flr && !found.flr && !found.express);
	config.bytes[0x98 + PCI_AF_CAP] = PCI_AF_CAP_FLR;
	g_assert_false(read_first(&config, 256).af_flr);
}

/* Of what is cut off no bit is taken for set. */
static void test_at_the_end(void)
{
	HostlerCapabilities found;
	static Config config;

	begin(&config, 0x0200);
	add(&config, 0xfc, PCI_CAP_ID_EXP);
	found = read_first(&config, 256);
	g_assert_true(found.express && !found.flr);
	begin(&config, 0x0200);
	add(&config, 0xfc, PCI_CAP_ID_PM);
	g_assert_false(read_first(&config, 256).pm_reset);
}

/* Ids of ffff are not the silence of a device that is dead. */
static void test_virtual(void)
{
	HostlerCapabilities found;
	static Config config;

	begin(&config, 0x0200);
	memset(config.bytes, 0xff, 4);
	found = read_first(&config, 256);
	g_assert_true(found.known && found.virtual && !found.multifunction);
	g_assert_cmphex(found.class, ==, 0x0200);
	memset(config.bytes, 0xff, sizeof(config.bytes));
	found = read_first(&config, 256);
	g_assert_false(found.known || found.virtual);
}

static void test_broken(void)
{
	HostlerCapabilities found;
	static Config config;

	begin(&config, 0x0200);
	add(&config, 0x40, PCI_CAP_ID_MSI);
	config.bytes[0x41] = 0x40;
	put16(&config, 0x100, PCI_EXT_CAP_ID_AER);
	put16(&config, 0x102, 0x100 << 4);
	found = read_first(&config, HOSTLER_CONFIG_BYTES);
	g_assert_true(found.known && found.msi);
	memset(config.bytes, 0xff, sizeof(config.bytes));
	found = read_first(&config, HOSTLER_CONFIG_BYTES);
	g_assert_false(found.known);
	memset(config.bytes, 0, sizeof(config.bytes));
	g_assert_false(read_first(&config, 256).known);
}

/* --- dumps --- */

#define ROW "00: de 10 01 14 00 00 10 00 a1 00 00 03 00 00 00 00\n"
#define ROWS ROW "10: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n" \
	"20: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n"          \
	"30: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n"

static GPtrArray *read_text(const char *text, GError **error)
{
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("hostler-dump-XXXXXX", &path, NULL);
	GPtrArray *devices;

	g_assert_cmpint(write(fd, text, strlen(text)), ==, (gssize)strlen(text));
	close(fd);
	devices = hostler_dump_read(path, error);
	g_unlink(path);
	return devices;
}

static void test_dump(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) devices =
		read_text("10000:01:00.0 a domain that sysfs has no name for\n" ROWS "\n"
			  "01:00.1 Audio device: whatever\r\n\tKernel driver in use: x\n" ROWS "\n"
			  "0001:00:1f.7 Other\n" ROWS "\n"
			  "01:00.0 VGA compatible controller: whatever\n" ROWS "\n"
			  "01:00.0 again\n" ROWS "\n"
			  "00:3f.0 no such slot\n" ROWS "\n"
			  "02:00.0 nothing\n\n", &error);
	const HostlerDumped *first;
	g_autoptr(GString) bdfs = g_string_new(NULL);

	g_assert_no_error(error);
	for (guint i = 0; i < devices->len; i++)
		g_string_append_printf(bdfs, "%s ", ((HostlerDumped *)g_ptr_array_index(devices, i))->bdf);
	g_assert_cmpstr(bdfs->str, ==, "0000:01:00.0 0000:01:00.1 0000:02:00.0 0001:00:1f.7 ");
	first = g_ptr_array_index(devices, 0);
	g_assert_true(first->capabilities.known && !first->capabilities.complete);
	g_assert_cmphex(first->capabilities.class, ==, 0x0300);
	g_assert_false(((HostlerDumped *)g_ptr_array_index(devices, 2))->capabilities.known);
}

static const struct {
	const char *name;
	const char *text;
	const char *words;
} bad_dumps[] = {
	{ "empty", "", "there is no device in it" },
	{ "names-only", "hello\n", "there is no device in it" },
	{ "unended", "01:00.0 VGA\n00: de 10", NULL },
	{ "cut", "01:00.0 VGA\n00: de 1", "a row in it is malformed" },
	{ "memory", "01:00.0 VGA\n80000000: de 10\n", "there is no configuration space in it" },
	{ "without-x", "00:00.0 Host bridge: x\n01:00.0 VGA: y\n\tKernel driver in use: z\n",
	  "there is no configuration space in it" },
	{ "long", "01:00.0 " ROWS ROWS, NULL },
	{ "no-hex", "01:00.0 VGA\n00: de zz\n", "a row in it is malformed" },
	{ "too-high", "01:00.0 VGA\nfff: 00 01\n", "a row in it is malformed" },
};

static void test_bad_dump(gconstpointer data)
{
	gsize i = GPOINTER_TO_SIZE(data);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) devices = read_text(bad_dumps[i].text, &error);

	if (bad_dumps[i].words == NULL) {
		g_assert_no_error(error);
		return;
	}
	g_assert_null(devices);
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS);
	g_assert_nonnull(strstr(error->message, bad_dumps[i].words));
	g_assert_nonnull(strstr(error->message, "sudo lspci -xxxx > FILE"));
}

static void test_too_many(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i <= HOSTLER_DUMP_MAX_DEVICES; i++)
		g_string_append_printf(text, "%02x:%02x.%u x\n\n", i >> 8, i >> 3 & 0x1f, i & 7);
	g_assert_null(read_text(text->str, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS);
}

/* Neither waits for somebody to write, nor reads without end. */
static void test_no_file(void)
{
	g_autofree char *folder = g_dir_make_tmp("hostler-dump-XXXXXX", NULL);
	g_autofree char *fifo = g_build_filename(folder, "fifo", NULL);
	const char *const files[] = { "/nonexistent", "/dev/zero", "/", fifo };

	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(hostler_dump_read(files[i], &error));
		g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS);
	}
	g_unlink(fifo);
	g_rmdir(folder);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/capabilities/endpoint", test_endpoint);
	g_test_add_func("/capabilities/port", test_port);
	g_test_add_func("/capabilities/advanced-features", test_advanced_features);
	g_test_add_func("/capabilities/at-the-end", test_at_the_end);
	g_test_add_func("/capabilities/virtual", test_virtual);
	g_test_add_func("/capabilities/broken", test_broken);
	g_test_add_func("/dump/read", test_dump);
	for (gsize i = 0; i < G_N_ELEMENTS(bad_dumps); i++) {
		g_autofree char *path = g_strconcat("/dump/bad/", bad_dumps[i].name, NULL);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_bad_dump);
	}
	g_test_add_func("/dump/no-file", test_no_file);
	g_test_add_func("/dump/too-many", test_too_many);
	return g_test_run();
}
