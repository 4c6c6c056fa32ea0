/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quirk files: their words, their errors, whose they must be, and which entry a
 * device takes. */
#include "plugins/reset/quirk.h"

#include <glib/gstdio.h>
#include <string.h>

#include "fakehost.h"
#include "hostler/error.h"
#include "hostler/plugin.h"

const HostlerPlugin *const *hostler_plugins(void)
{
	static const HostlerPlugin *const plugins[] = { &hostler_plugin_reset, NULL };

	return plugins;
}

static const ResetIdentity polaris = { 0x1002, 0x67df, 0x1462, 0x3417, 0x030000 };

/* --- texts --- */

static const struct {
	const char *name;
	const char *text;
	const char *words; /* of the error */
} refused[] = {
	{ "key", "[class 03]\nmethds=flr\n", "x.quirk, line 2: unknown key 'methds'; did you mean 'methods'?" },
	{ "strange-key", "[class 03]\n\ncolour=red\n", "line 3: unknown key 'colour'; known here: methods, never" },
	{ "rung", "[class 03]\nmethods=bus frl\n", "line 2: unknown reset 'frl'; did you mean 'flr'?" },
	{ "strange-rung", "[class 03]\nnever=hammer\n", "line 2: unknown reset 'hammer'; known: device_specific acpi" },
	{ "group", "# words\n[devise 1002:67df]\n", "line 2: unknown group 'devise'; did you mean 'device'?" },
	{ "no-group", "[]\n", "line 1: unknown group ''" },
	{ "open-group", "[class 03\n", "line 1: '[class 03' does not end with ']'" },
	{ "id", "[device 1002:67g0]\n", "'67g0' is no device id; write four hexadecimal digits" },
	{ "short-id", "[device 1002:7df]\n", "'7df' is no device id" },
	{ "vendor", "[device 0x1002:67df]\n", "'0x1002:67df' is no VENDOR:DEVICE" },
	{ "no-device", "[device 1002]\n", "'1002' is no VENDOR:DEVICE" },
	{ "subsystem", "[device 1002:67df 1462]\n", "'1462' is no SUBVENDOR:SUBDEVICE" },
	{ "subsystem-of-two", "[device 1002:67df,67ef 1462:3417]\n", "no subsystem of several devices" },
	{ "class", "[class 030]\n", "'030' is no class; write two or four hexadecimal digits" },
	{ "vendor-class", "[vendor 1002 0300]\n", "write [vendor VVVV class CC]" },
	{ "stray", "[class 03]\nflr\n", "line 2: 'flr' is neither [group] nor key=value" },
	{ "before-group", "note=x\n", "line 1: 'note=x' stands before the first [group]" },
	{ "no-source", "[class 02]\nnever=pm\nsource=x\n[class 03]\nnever=pm\n", "line 4: the group has no source=" },
	{ "says-nothing", "[class 03]\nsource=x\n", "line 1: the group says nothing" },
	{ "empty-methods", "[class 03]\nmethods=\n", "line 2: methods= names no reset" },
	{ "empty-source", "[class 03]\nsource=\n", "line 2: source= is empty" },
	{ "module", "[class 03]\nneeds=a b; reboot\n", "line 2: needs=a b; reboot is no name of a module" },
	{ "rung-twice", "[class 03]\nmethods=flr bus flr\n", "line 2: flr is named twice" },
	{ "key-twice", "[class 03]\nnote=a\nnote=b\n", "line 3: note= is set twice in this group" },
	{ "both", "[class 03]\nmethods=flr\nnever=flr\nsource=x\n", "line 1: flr stands in methods= and in never=" },
	{ "entry-twice", "[class 03]\nnever=pm\nsource=x\n[class 03]\n",
	  "line 4: class 03 has an entry already: x.quirk, line 1" },
	{ "device-twice", "[device 1002:67df]\nnever=pm\nsource=x\n[device 1002:67ef,67df]\n",
	  "line 4: device 1002:67df has an entry already: x.quirk, line 1" },
	{ "escape", "[class 03]\n\033[31m=1\n", "line 2: unknown key '\\x1b[31m'" },
};

static void test_refused(gconstpointer data)
{
	gsize i = GPOINTER_TO_SIZE(data);
	g_autoptr(ResetQuirks) quirks = reset_quirks_new();
	g_autoptr(GError) error = NULL;

	g_assert_false(reset_quirks_add(quirks, "x.quirk", FALSE, refused[i].text, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_CONFIG);
	if (strstr(error->message, refused[i].words) == NULL)
		g_error("'%s' lacks '%s'", error->message, refused[i].words);
	g_assert_null(strchr(error->message, '\n'));
	g_assert_cmpuint(quirks->quirks->len, ==, 0);
}

static void add(ResetQuirks *quirks, const char *file, gboolean is_admins, const char *text)
{
	g_autoptr(GError) error = NULL;

	reset_quirks_add(quirks, file, is_admins, text, &error);
	g_assert_no_error(error);
}

static void assert_note(const ResetQuirks *quirks, const ResetIdentity *device, const char *note)
{
	const ResetQuirk *quirk = reset_quirks_find(quirks, device);

	g_assert_cmpstr(quirk != NULL ? quirk->note : NULL, ==, note);
}

static void test_words(void)
{
	g_autoptr(ResetQuirks) quirks = reset_quirks_new();
	const ResetQuirk *quirk;

	add(quirks, "a.quirk", FALSE,
	    "# all of it\n[device 1002:67DF]\n methods = device_specific\tbus  slot\nnever=pm flr\n"
	    "needs=vendor_reset\nsource=here\nnote=so = it is\n");
	quirk = reset_quirks_find(quirks, &polaris);
	g_assert_nonnull(quirk);
	g_assert_cmpuint(quirk->n_rungs, ==, 3);
	g_assert_cmpuint(quirk->rungs[0], ==, RESET_RUNG_DEVICE_SPECIFIC);
	g_assert_cmpuint(quirk->rungs[1], ==, RESET_RUNG_BUS);
	g_assert_cmpuint(quirk->rungs[2], ==, RESET_RUNG_SLOT);
	g_assert_cmpuint(quirk->never, ==, RESET_RUNG_BIT(RESET_RUNG_PM) | RESET_RUNG_BIT(RESET_RUNG_FLR));
	g_assert_cmpstr(quirk->needs, ==, "vendor_reset");
	g_assert_cmpstr(quirk->source, ==, "here");
	g_assert_cmpstr(quirk->note, ==, "so = it is");
	g_assert_cmpstr(quirk->file, ==, "a.quirk");
	g_assert_cmpuint(quirk->line, ==, 2);
}

/* Each more specific one wins over those before it, wherever it stands. */
static void test_precedence(void)
{
	static const char *const heads[] = { "class 03",	       "class 0300",	    "vendor 1002 class 03",
					     "vendor 1002 class 0300", "device 1002:67df", "device 1002:67df 1462:3417" };
	g_autoptr(ResetQuirks) up = reset_quirks_new();
	g_autoptr(ResetQuirks) down = reset_quirks_new();

	assert_note(up, &polaris, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(heads); i++) {
		g_autofree char *text = g_strdup_printf("[%s]\nsource=s\nnote=%s\n", heads[i], heads[i]);

		add(up, "up.quirk", FALSE, text);
		assert_note(up, &polaris, heads[i]);
	}
	for (gsize i = G_N_ELEMENTS(heads); i > 0; i--) {
		g_autofree char *text = g_strdup_printf("[%s]\nsource=s\nnote=%s\n", heads[i - 1], heads[i - 1]);

		add(down, "down.quirk", FALSE, text);
		assert_note(down, &polaris, heads[G_N_ELEMENTS(heads) - 1]);
	}
}

static void test_others(void)
{
	g_autoptr(ResetQuirks) quirks = reset_quirks_new();
	ResetIdentity other = polaris;

	add(quirks, "a.quirk", FALSE, "[device 1002:67df 1462:3417]\nsource=s\nnote=card\n"
				      "[vendor 1002 class 0300]\nsource=s\nnote=vga\n[class 03]\nsource=s\nnote=gpu\n");
	other.subsystem_device = 0x3418;
	assert_note(quirks, &other, "vga");
	other.class = 0x038000;
	assert_note(quirks, &other, "gpu");
	other.class = 0x040300;
	assert_note(quirks, &other, NULL);
}

static void test_admins(void)
{
	g_autoptr(ResetQuirks) quirks = reset_quirks_new();

	add(quirks, "/etc/a.quirk", TRUE, "[device 1002:67df]\nsource=s\nnote=admin\n[class 0300]\nsource=s\nnote=a\n");
	add(quirks, "/usr/a.quirk", FALSE, "[device 1002:67df]\nsource=s\nnote=ours\n");
	assert_note(quirks, &polaris, "admin");
	add(quirks, "/usr/b.quirk", FALSE, "[device 1002:67df 1462:3417]\nsource=s\nnote=card\n");
	assert_note(quirks, &polaris, "card");
}

/* Nothing of a bad file is used; that of another one stays. */
static void test_duplicate_in_two_files(void)
{
	g_autoptr(ResetQuirks) quirks = reset_quirks_new();
	g_autoptr(GError) error = NULL;

	add(quirks, "a.quirk", FALSE, "[device 1002:67df]\nsource=s\nnote=a\n");
	g_assert_false(reset_quirks_add(quirks, "b.quirk", FALSE,
					"[class 02]\nsource=s\nnote=x\n[device 1002:67df]\nsource=s\nnote=b\n", &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_CONFIG);
	g_assert_cmpstr(error->message, ==,
			"b.quirk, line 4: device 1002:67df has an entry already: a.quirk, line 1; remove one of the "
			"two");
	g_assert_cmpuint(quirks->quirks->len, ==, 1);
	assert_note(quirks, &polaris, "a");
}

/* --- files --- */

typedef struct {
	HostlerHost *host;
	char *admins;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *config = NULL;

	fixture->host = fakehost_new("[device 0000:01:00.0]\n", &error);
	g_assert_no_error(error);
	config = g_path_get_dirname(fixture->host->config_file);
	fixture->admins = g_build_filename(config, "quirks.d", NULL);
	g_assert_cmpint(g_mkdir_with_parents(fixture->host->quirks_dir, 0755), ==, 0);
	g_assert_cmpint(g_mkdir(fixture->admins, 0755), ==, 0);
	g_assert_cmpint(g_chmod(fixture->host->quirks_dir, 0755), ==, 0);
	g_assert_cmpint(g_chmod(fixture->admins, 0755), ==, 0);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	hostler_host_free(fixture->host);
	g_free(fixture->admins);
}

static void put(const char *folder, const char *name, const char *text, int mode)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_cmpint(g_chmod(path, mode), ==, 0);
}

static void assert_error(const ResetQuirks *quirks, guint i, const char *words)
{
	const GError *error;

	g_assert_cmpuint(quirks->errors->len, >, i);
	error = g_ptr_array_index(quirks->errors, i);
	if (strstr(error->message, words) == NULL)
		g_error("'%s' lacks '%s'", error->message, words);
}

static void test_no_folders(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerHost) host = fakehost_new("[device 0000:01:00.0]\n", &error);
	g_autoptr(ResetQuirks) quirks = reset_quirks_load(host);

	g_assert_cmpuint(quirks->quirks->len, ==, 0);
	g_assert_cmpuint(quirks->errors->len, ==, 0);
}

static void test_same_name(Fixture *fixture, gconstpointer data)
{
	g_autoptr(ResetQuirks) quirks = NULL;

	put(fixture->host->quirks_dir, "a.quirk", "[device 1002:67df]\nsource=s\nnote=ours\n", 0644);
	put(fixture->host->quirks_dir, "b.quirk", "[class 02]\nsource=s\nnote=nic\n", 0644);
	put(fixture->host->quirks_dir, "c.text", "no quirk\n", 0644);
	put(fixture->admins, "a.quirk", "[class 03]\nsource=s\nnote=admin\n", 0644);
	quirks = reset_quirks_load(fixture->host);
	g_assert_cmpuint(quirks->errors->len, ==, 0);
	g_assert_cmpuint(quirks->quirks->len, ==, 2);
	assert_note(quirks, &polaris, "admin");
}

static void test_writable_by_others(Fixture *fixture, gconstpointer data)
{
	g_autoptr(ResetQuirks) quirks = NULL;

	put(fixture->admins, "a.quirk", "[device 1002:67df]\nsource=s\nnote=anybody's\n", 0666);
	put(fixture->admins, "b.quirk", "[class 03]\nsource=s\nnote=admin\n", 0644);
	quirks = reset_quirks_load(fixture->host);
	g_assert_cmpuint(quirks->errors->len, ==, 1);
	assert_error(quirks, 0, "quirks.d/a.quirk (mode 0666, owner ");
	assert_error(quirks, 0, "may be changed by others; chmod go-w ");
	assert_note(quirks, &polaris, "admin");
}

static void test_folder_writable_by_others(Fixture *fixture, gconstpointer data)
{
	g_autoptr(ResetQuirks) quirks = NULL;

	put(fixture->host->quirks_dir, "a.quirk", "[class 03]\nsource=s\nnote=ours\n", 0644);
	put(fixture->admins, "a.quirk", "[class 03]\nsource=s\nnote=anybody's\n", 0644);
	g_assert_cmpint(g_chmod(fixture->admins, 0777), ==, 0);
	quirks = reset_quirks_load(fixture->host);
	g_assert_cmpuint(quirks->errors->len, ==, 1);
	assert_error(quirks, 0, "quirks.d (mode 0777, owner ");
	assert_note(quirks, &polaris, "ours");
}

static void test_bad_file_alone(Fixture *fixture, gconstpointer data)
{
	g_autoptr(ResetQuirks) quirks = NULL;

	put(fixture->host->quirks_dir, "a.quirk", "[class 03]\nsource=s\nnote=ours\n[class 02]\nmethds=flr\n", 0644);
	put(fixture->host->quirks_dir, "b.quirk", "[class 0300]\nsource=s\nnote=vga\n", 0644);
	quirks = reset_quirks_load(fixture->host);
	g_assert_cmpuint(quirks->errors->len, ==, 1);
	assert_error(quirks, 0, "/quirks/a.quirk, line 5: unknown key 'methds'; did you mean 'methods'?");
	g_assert_cmpuint(quirks->quirks->len, ==, 1);
	assert_note(quirks, &polaris, "vga");
}

/* ... and what it was to stand in for holds. */
static void test_bad_stand_in(Fixture *fixture, gconstpointer data)
{
	g_autoptr(ResetQuirks) quirks = NULL;

	put(fixture->host->quirks_dir, "a.quirk", "[class 03]\nsource=s\nnote=ours\n", 0644);
	put(fixture->host->quirks_dir, "b.quirk", "[class 0300]\nsource=s\nnote=vga\n", 0644);
	put(fixture->admins, "a.quirk", "[class 03]\nmethds=flr\n", 0644);
	put(fixture->admins, "b.quirk", "", 0644);
	quirks = reset_quirks_load(fixture->host);
	g_assert_cmpuint(quirks->errors->len, ==, 1);
	assert_error(quirks, 0, "quirks.d/a.quirk, line 2: unknown key 'methds'");
	g_assert_cmpuint(quirks->quirks->len, ==, 1);
	assert_note(quirks, &polaris, "ours");
}

/* Without a VM too: by that somebody who has just written one sees whether it is right. */
static void test_said_of_the_host(Fixture *fixture, gconstpointer data)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	const HostlerFinding *finding;

	put(fixture->admins, "a.quirk", "[class 03]\nmethds=flr\n", 0644);
	hostler_plugin_reset.check_host(fixture->host, findings);
	g_assert_cmpuint(findings->items->len, ==, 1);
	finding = g_ptr_array_index(findings->items, 0);
	g_assert_cmpint(finding->severity, ==, HOSTLER_SEVERITY_ADVICE);
	g_assert_nonnull(strstr(finding->text, "a.quirk, line 2: unknown key 'methds'; did you mean 'methods'?"));
}

/* By a later run of ours, not by this one. */
static void test_once(Fixture *fixture, gconstpointer data)
{
	const ResetQuirks *quirks;

	put(fixture->host->quirks_dir, "a.quirk", "[class 03]\nsource=s\nnote=first\n", 0644);
	quirks = reset_quirks_of(fixture->host);
	assert_note(quirks, &polaris, "first");
	put(fixture->host->quirks_dir, "a.quirk", "[class 03]\nsource=s\nnote=second\n", 0644);
	g_assert_true(reset_quirks_of(fixture->host) == quirks);
	fakehost_begin(fixture->host);
	assert_note(reset_quirks_of(fixture->host), &polaris, "second");
}

/* --- what we install --- */

static ResetQuirks *load_shipped(void)
{
	g_autofree char *folder = g_build_filename(g_getenv("SOURCE_DIR"), "..", "..", "data", "quirks", NULL);
	g_autoptr(GDir) names = g_dir_open(folder, 0, NULL);
	ResetQuirks *quirks = reset_quirks_new();
	const char *name;

	g_assert_nonnull(names);
	while ((name = g_dir_read_name(names)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_autofree char *text = NULL;

		g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
		add(quirks, path, FALSE, text);
	}
	return quirks;
}

static void test_shipped(void)
{
	g_autoptr(ResetQuirks) quirks = load_shipped();
	guint n_vendor_reset = 0;

	for (guint i = 0; i < quirks->quirks->len; i++) {
		const ResetQuirk *quirk = g_ptr_array_index(quirks->quirks, i);

		g_assert_nonnull(quirk->note);
		n_vendor_reset += g_strcmp0(quirk->needs, "vendor_reset") == 0 ? quirk->matches->len : 0;
	}
	g_assert_cmpuint(n_vendor_reset, ==, 67);
	g_assert_cmpstr(reset_quirks_find(quirks, &polaris)->needs, ==, "vendor_reset");
	g_assert_cmpuint(reset_quirks_find(quirks, &(ResetIdentity){ 0x1b21, 0x1164, 0, 0, 0x010601 })->never, ==,
			 RESET_RUNG_BIT(RESET_RUNG_BUS));
	g_assert_cmpuint(reset_quirks_find(quirks, &(ResetIdentity){ 0x1002, 0x73bf, 0, 0, 0x030000 })->never, ==,
			 RESET_RUNG_BIT(RESET_RUNG_PM));
	g_assert_nonnull(reset_quirks_find(quirks, &(ResetIdentity){ 0x10de, 0x1b80, 0, 0, 0x030000 }));
	g_assert_null(reset_quirks_find(quirks, &(ResetIdentity){ 0x8086, 0x10d3, 0, 0, 0x020000 }));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autofree char *path = g_strconcat("/quirk/refused/", refused[i].name, NULL);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_refused);
	}
	g_test_add_func("/quirk/words", test_words);
	g_test_add_func("/quirk/precedence", test_precedence);
	g_test_add_func("/quirk/others", test_others);
	g_test_add_func("/quirk/admins", test_admins);
	g_test_add_func("/quirk/duplicate-in-two-files", test_duplicate_in_two_files);
	g_test_add_func("/quirk/no-folders", test_no_folders);
	g_test_add("/quirk/same-name", Fixture, NULL, set_up, test_same_name, tear_down);
	g_test_add("/quirk/writable-by-others", Fixture, NULL, set_up, test_writable_by_others, tear_down);
	g_test_add("/quirk/folder-writable-by-others", Fixture, NULL, set_up, test_folder_writable_by_others, tear_down);
	g_test_add("/quirk/bad-file-alone", Fixture, NULL, set_up, test_bad_file_alone, tear_down);
	g_test_add("/quirk/bad-stand-in", Fixture, NULL, set_up, test_bad_stand_in, tear_down);
	g_test_add("/quirk/said-of-the-host", Fixture, NULL, set_up, test_said_of_the_host, tear_down);
	g_test_add("/quirk/once", Fixture, NULL, set_up, test_once, tear_down);
	g_test_add_func("/quirk/shipped", test_shipped);
	return g_test_run();
}
