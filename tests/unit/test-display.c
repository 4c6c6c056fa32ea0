/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The doors to what shows the host's desktop, on a tree of files: whose memory a
 * framebuffer lies in, which console is shown where, what systemd's side of it
 * answers. What the kernel makes of the writes is the lab's to show. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "hostler-build.h"
#include "hostler/error.h"
#include "host/iomem.h"
#include "tree.h"

#define CARD "0000:01:00.0"
#define OTHER "0000:02:00.0"
#define DEVICE "sys/bus/pci/devices/"
#define PLATFORM "sys/bus/platform/"

/* --- /proc/iomem --- */

static const char card_resource[] = "0x00000000c0000000 0x00000000cfffffff 0x000000000014220c\n"
				    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
				    "0x000000000000e000 0x000000000000e0ff 0x0000000000040101\n"
				    "0x00000000f6000000 0x00000000f607ffff 0x0000000000040200\n";

static void test_resource(void)
{
	g_autofree char *text = g_strconcat(card_resource, "nonsense\n0x5 0x4 0x200\n0x5\n", NULL);
	g_autoptr(GArray) ranges = iomem_parse_resource(text);

	g_assert_cmpuint(ranges->len, ==, 2); /* neither the I/O ports nor what is not there */
	g_assert_cmphex(g_array_index(ranges, MemoryRange, 0).start, ==, 0xc0000000);
	g_assert_cmphex(g_array_index(ranges, MemoryRange, 0).end, ==, 0xcfffffff);
	g_assert_cmphex(g_array_index(ranges, MemoryRange, 1).start, ==, 0xf6000000);
}

static const struct {
	const char *iomem;
	const char *found;
} maps[] = {
	{ "c0000000-cfffffff : 0000:01:00.0\n  c0000000-c02fffff : BOOTFB\n", "BOOTFB" },
	{ "  c0000000-cfffffff : 0000:01:00.0\n      c02f0000-c0300000 : simpledrm\n", "simpledrm" },
	{ "c0000000-c07e8fff : efifb\n", "efifb" },
	{ "f6000000-f6000000 : vesafb\n", "vesafb" },
	{ "cfffffff-d0000fff : simplefb\n", "simplefb" },     /* a byte is enough */
	{ "bff00000-c0000000 : simple-framebuffer\n", "simple-framebuffer" },
	{ "b0000000-bfffffff : BOOTFB\n", NULL },             /* right below */
	{ "d0000000-d02fffff : BOOTFB\n", NULL },             /* right above */
	{ "c0000000-c02fffff : BOOTFB of mine\n", NULL },
	{ "c0000000-c02fffff : amdgpu\n", NULL },
	{ "00000000-00000000 : BOOTFB\n", NULL },             /* to a reader without rights */
	{ "c0000000-c02fffff: BOOTFB\nc0000000 : BOOTFB\n-\n : BOOTFB\n", NULL },
	{ "", NULL },
};

static void test_iomem(void)
{
	g_autoptr(GArray) ranges = iomem_parse_resource(card_resource);

	for (gsize i = 0; i < G_N_ELEMENTS(maps); i++) {
		g_autofree char *found = iomem_find_framebuffer(maps[i].iomem, ranges);

		g_test_message("%s", maps[i].iomem);
		g_assert_cmpstr(found, ==, maps[i].found);
	}
}

/* --- a tree --- */

/* A card with 256 MiB of memory, and a console on each kind of screen. */
static void set_up(Tree *tree, gconstpointer data)
{
	tree_open(tree);
	tree_file(tree, DEVICE CARD "/resource", card_resource);
	tree_file(tree, DEVICE OTHER "/resource", "0x00000000e0000000 0x00000000efffffff 0x000000000014220c\n");
	tree_file(tree, "proc/iomem", "c0000000-cfffffff : " CARD "\n");
	tree_file(tree, "sys/class/vtconsole/vtcon0/name", "(S) dummy device\n");
	tree_file(tree, "sys/class/vtconsole/vtcon0/bind", "1\n");
	tree_file(tree, "sys/class/vtconsole/vtcon1/name", "(M) frame buffer device\n");
	tree_file(tree, "sys/class/vtconsole/vtcon1/bind", "1\n");
}

static void assert_list(GStrv list, const char *expected)
{
	g_autofree char *text = list != NULL ? g_strjoinv(" ", list) : NULL;

	g_assert_cmpstr(text, ==, expected);
	g_strfreev(list);
}

/* --- consoles --- */

static void assert_consoles(Tree *tree, const char *bdf, const char *more, const char *expected)
{
	const char *bdfs[] = { bdf, more, NULL };
	g_autoptr(GError) error = NULL;

	assert_list(tree->host->ops->consoles(tree->host, bdfs, &error), expected);
	g_assert_no_error(error);
}

static void test_consoles(Tree *tree, gconstpointer data)
{
	/* No frame buffer at all: text is not shown on anything of a card's. */
	assert_consoles(tree, CARD, NULL, "");
	tree_link(tree, "sys/class/graphics/fb0", "../../devices/pci0000:00/0000:00:01.0/" CARD "/graphics/fb0");
	tree_link(tree, "sys/class/graphics/fbcon", "../../devices/virtual/graphics/fbcon");
	assert_consoles(tree, CARD, NULL, "vtcon1");
	assert_consoles(tree, OTHER, NULL, "");
	/* A second card: text has somewhere else to go, unless both are given away. */
	tree_link(tree, "sys/class/graphics/fb1", "../../devices/pci0000:00/0000:00:02.0/" OTHER "/graphics/fb1");
	assert_consoles(tree, CARD, NULL, "");
	assert_consoles(tree, CARD, OTHER, "vtcon1");
	tree_file(tree, "sys/class/vtconsole/vtcon1/bind", "0\n");
	assert_consoles(tree, CARD, OTHER, "");
}

static void test_console_on_boot_framebuffer(Tree *tree, gconstpointer data)
{
	tree_file(tree, "proc/iomem", "c0000000-c02fffff : BOOTFB\n");
	tree_link(tree, "sys/class/graphics/fb0", "../../devices/platform/simple-framebuffer.0/graphics/fb0");
	assert_consoles(tree, CARD, NULL, "");
	tree_link(tree, PLATFORM "drivers/simple-framebuffer/simple-framebuffer.0", "../../x");
	assert_consoles(tree, CARD, NULL, "vtcon1");
	assert_consoles(tree, OTHER, NULL, "");
}

static void test_console_switch(Tree *tree, gconstpointer data)
{
	const HostlerHostOps *ops = tree->host->ops;
	g_autoptr(GError) error = NULL;

	/* The kernel would answer "1\n": here the file has what was written. */
	g_assert_true(ops->console_switch(tree->host, "vtcon1", TRUE, &error));
	tree_assert_file(tree, "sys/class/vtconsole/vtcon1/bind", "1\n");
	tree_file(tree, "sys/class/vtconsole/vtcon1/bind", "1");
	g_assert_true(ops->console_switch(tree->host, "vtcon1", FALSE, &error));
	tree_assert_file(tree, "sys/class/vtconsole/vtcon1/bind", "0");
	g_assert_true(ops->console_switch(tree->host, "vtcon1", TRUE, &error));
	tree_assert_file(tree, "sys/class/vtconsole/vtcon1/bind", "1");
	/* Another console than it was: nothing of ours. */
	g_assert_true(ops->console_switch(tree->host, "vtcon0", FALSE, &error));
	tree_assert_file(tree, "sys/class/vtconsole/vtcon0/bind", "1\n");
	g_assert_true(ops->console_switch(tree->host, "vtcon7", TRUE, &error));
	g_assert_no_error(error);
}

static void test_console_names(Tree *tree, gconstpointer data)
{
	static const char *const names[] = { "", "vtcon", "vtcon1/..", "../vtcon1", "vtcon1234", "vtconx", "vtcon 1" };

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(tree->host->ops->console_switch(tree->host, names[i], FALSE, &error));
		g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS);
	}
}

/* Root writes to read-only files: a folder in the place of the file does refuse. */
static void test_console_refuses(Tree *tree, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	tree_file(tree, "sys/class/vtconsole/vtcon2/name", "(M) frame buffer device\n");
	tree_file(tree, "sys/class/vtconsole/vtcon2/bind/x", "");
	g_assert_false(tree->host->ops->console_switch(tree->host, "vtcon2", TRUE, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST);
	g_assert_nonnull(strstr(error->message, "cannot bind the text console vtcon2"));
}

/* --- framebuffers --- */

static void assert_framebuffers(Tree *tree, const char *bdf, const char *expected)
{
	g_autoptr(GError) error = NULL;

	assert_list(tree->host->ops->framebuffers(tree->host, bdf, &error), expected);
	g_assert_no_error(error);
}

static void test_framebuffers(Tree *tree, gconstpointer data)
{
	tree_link(tree, PLATFORM "drivers/efi-framebuffer/efi-framebuffer.0", "../x");
	tree_file(tree, PLATFORM "drivers/efi-framebuffer/bind", "");
	tree_link(tree, PLATFORM "drivers/efi-framebuffer/module", "../y");
	assert_framebuffers(tree, CARD, ""); /* bound, and in nobody's memory that we ask for */
	tree_file(tree, "proc/iomem", "c0000000-cfffffff : " CARD "\n  c0000000-c02fffff : efifb\n");
	assert_framebuffers(tree, CARD, "efi-framebuffer/efi-framebuffer.0");
	assert_framebuffers(tree, OTHER, "");
}

static void test_framebuffers_unreadable(Tree *tree, gconstpointer data)
{
	g_autofree char *iomem = tree_path(tree, "proc/iomem");
	g_autoptr(GError) error = NULL;

	g_unlink(iomem);
	g_assert_null(tree->host->ops->framebuffers(tree->host, CARD, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_null(tree->host->ops->framebuffers(tree->host, "0000:09:00.0", &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT);
}

static void test_framebuffer_switch(Tree *tree, gconstpointer data)
{
	const HostlerHostOps *ops = tree->host->ops;
	const char *name = "efi-framebuffer/efi-framebuffer.0";
	g_autoptr(GError) error = NULL;

	tree_file(tree, PLATFORM "drivers/efi-framebuffer/bind", "");
	tree_file(tree, PLATFORM "drivers/efi-framebuffer/unbind", "");
	/* Gone for good: nothing to bind. */
	g_assert_true(ops->framebuffer_switch(tree->host, name, TRUE, &error));
	tree_assert_file(tree, PLATFORM "drivers/efi-framebuffer/bind", "");
	tree_file(tree, PLATFORM "devices/efi-framebuffer.0/uevent", "");
	g_assert_true(ops->framebuffer_switch(tree->host, name, FALSE, &error));
	g_assert_no_error(error);
	/* No kernel here: the order is given, and that nothing came of it is seen. */
	g_assert_false(ops->framebuffer_switch(tree->host, name, TRUE, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST);
	tree_assert_file(tree, PLATFORM "drivers/efi-framebuffer/bind", "efi-framebuffer.0");
	tree_assert_file(tree, PLATFORM "drivers/efi-framebuffer/unbind", "");
}

static void test_framebuffer_names(Tree *tree, gconstpointer data)
{
	static const char *const names[] = { "", "efi-framebuffer", "serial8250/serial8250", "efi-framebuffer/../x",
					     "efi-framebuffer/efi-framebuffer.0/unbind", "efi-framebuffer/other.0" };

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(tree->host->ops->framebuffer_switch(tree->host, names[i], FALSE, &error));
		g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS);
	}
}

/* --- the display manager --- */

#define PROGRAM HOSTLER_HELPER_DIR "/hostler-display"

static const struct {
	const char *script;
	const char *unit;
	HostlerErrorCode code; /* when there is no unit and a message */
	const char *message;
} answers[] = {
	{ "#!/bin/sh\n[ \"$2\" = which ] && [ \"$1\" -ge 1 ] && echo gdm.service\n", "gdm.service", 0, NULL },
	{ "#!/bin/sh\n", NULL, 0, NULL },
	{ "#!/bin/sh\necho 'gdm.service; reboot'\n", NULL, HOSTLER_ERROR_HOST, "no unit has" },
	{ "#!/bin/sh\necho -x.service\n", NULL, HOSTLER_ERROR_HOST, "no unit has" },
	{ "#!/bin/sh\necho it is late; exit 3\n", NULL, HOSTLER_ERROR_STOPPING, "it is late" },
	{ "#!/bin/sh\necho slow; exit 4\n", NULL, HOSTLER_ERROR_DEADLINE, "slow" },
	{ "#!/bin/sh\nprintf 'no\\033[2J bus\\nsecond\\n'; exit 1\n", NULL, HOSTLER_ERROR_HOST, "no\\x1b[2J bus" },
	{ "#!/bin/sh\nexit 1\n", NULL, HOSTLER_ERROR_HOST, "exited with status 1" },
	{ "#!/bin/sh\nkill -9 $$\n", NULL, HOSTLER_ERROR_HOST, "killed by signal 9" },
	{ NULL, NULL, HOSTLER_ERROR_HOST, "could not be executed" },
};

static void test_display_manager(Tree *tree, gconstpointer data)
{
	for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autofree char *program = tree_path(tree, PROGRAM);
		g_autofree char *unit = NULL;
		g_autoptr(GError) error = NULL;

		g_unlink(program);
		if (answers[i].script != NULL)
			tree_program(tree, PROGRAM, answers[i].script);
		g_test_message("%s", answers[i].script);
		unit = tree->host->ops->display_manager(tree->host, &error);
		g_assert_cmpstr(unit, ==, answers[i].unit);
		if (answers[i].message == NULL) {
			g_assert_no_error(error);
			continue;
		}
		g_assert_error(error, HOSTLER_ERROR, (int)answers[i].code);
		g_assert_nonnull(strstr(error->message, answers[i].message));
	}
}

static void test_display_manager_switch(Tree *tree, gconstpointer data)
{
	const HostlerHostOps *ops = tree->host->ops;
	g_autoptr(GError) error = NULL;

	tree_program(tree, PROGRAM, "#!/bin/sh\n[ \"$2 $3\" = 'stop gdm.service' ] && exit 0\necho no; exit 1\n");
	g_assert_true(ops->display_manager_switch(tree->host, "gdm.service", FALSE, &error));
	g_assert_no_error(error);
	g_assert_false(ops->display_manager_switch(tree->host, "gdm.service", TRUE, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST);
	g_clear_error(&error);
	g_assert_false(ops->display_manager_switch(tree->host, "--help", FALSE, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS);
}

/* A bus that does not answer takes nobody along. */
static void test_display_manager_hangs(Tree *tree, gconstpointer data)
{
	gint64 began = g_get_monotonic_time();
	g_autoptr(GError) error = NULL;

	tree_program(tree, PROGRAM, "#!/bin/sh\nexec sleep 60\n");
	tree->host->deadline = began + G_USEC_PER_SEC / 5;
	g_assert_false(tree->host->ops->display_manager_switch(tree->host, "gdm.service", TRUE, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST);
	g_assert_cmpint(g_get_monotonic_time() - began, <, 30 * G_USEC_PER_SEC);
}

/* --- modules --- */

static void test_driver_modules(Tree *tree, gconstpointer data)
{
	const HostlerHostOps *ops = tree->host->ops;

	assert_list(ops->driver_modules(tree->host, "nvidia"), "");
	assert_list(ops->driver_modules(tree->host, "../x"), "");
	tree_link(tree, "sys/bus/pci/drivers/nvidia/module", "../../../../module/nvidia");
	assert_list(ops->driver_modules(tree->host, "nvidia"), "nvidia");
	tree_link(tree, "sys/module/nvidia/holders/nvidia_modeset", "../../nvidia_modeset");
	tree_link(tree, "sys/module/nvidia/holders/nvidia_uvm", "../../nvidia_uvm");
	tree_link(tree, "sys/module/nvidia/holders/nvidia_drm", "../../nvidia_drm");
	tree_link(tree, "sys/module/nvidia_modeset/holders/nvidia_drm", "../../nvidia_drm");
	assert_list(ops->driver_modules(tree->host, "nvidia"), "nvidia_drm nvidia_modeset nvidia_uvm nvidia");
	/* In a circle, which the kernel does not build, nobody runs round for ever. */
	tree_link(tree, "sys/module/nvidia_drm/holders/nvidia", "../../nvidia");
	assert_list(ops->driver_modules(tree->host, "nvidia"), "nvidia nvidia_drm nvidia_modeset nvidia_uvm");
}

static void test_module_unload(Tree *tree, gconstpointer data)
{
	const HostlerHostOps *ops = tree->host->ops;
	g_autofree char *script = g_strdup_printf("#!/bin/sh\n[ \"$1 $2 $3\" = '-r -- nvidia_drm' ] && "
						  "rmdir %s/sys/module/$3\n", tree->root);
	g_autoptr(GError) error = NULL;

	g_assert_true(ops->module_unload(tree->host, "nvidia_drm", &error)); /* it is not there */
	g_assert_false(ops->module_unload(tree->host, "-f", &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS);
	g_clear_error(&error);
	tree_folder(tree, "sys/module/nvidia_drm");
	tree_folder(tree, "sys/module/nvidia");
	tree_program(tree, "sbin/modprobe", script);
	g_assert_true(ops->module_unload(tree->host, "nvidia_drm", &error));
	g_assert_no_error(error);
	g_assert_false(ops->module_unload(tree->host, "nvidia", &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST);
	g_assert_nonnull(strstr(error->message, "-r -- nvidia exited with status 1; see why with: modprobe -v -r"));
}

static void add(const char *path, void (*test)(Tree *, gconstpointer))
{
	g_test_add(path, Tree, NULL, set_up, test, tree_close);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/display/resource", test_resource);
	g_test_add_func("/display/iomem", test_iomem);
	add("/display/consoles", test_consoles);
	add("/display/console-on-boot-framebuffer", test_console_on_boot_framebuffer);
	add("/display/console-switch", test_console_switch);
	add("/display/console-names", test_console_names);
	add("/display/console-refuses", test_console_refuses);
	add("/display/framebuffers", test_framebuffers);
	add("/display/framebuffers-unreadable", test_framebuffers_unreadable);
	add("/display/framebuffer-switch", test_framebuffer_switch);
	add("/display/framebuffer-names", test_framebuffer_names);
	add("/display/display-manager", test_display_manager);
	add("/display/display-manager-switch", test_display_manager_switch);
	add("/display/display-manager-hangs", test_display_manager_hangs);
	add("/display/driver-modules", test_driver_modules);
	add("/display/module-unload", test_module_unload);
	return g_test_run();
}
