/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the admin's command says, and its exit status. */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qemu-helpers/hostler/command.h"
#include "qemu-helpers/hostler/places.h"
#include "qemu-helpers/hostler/table.h"
#include "qemu-helpers/hostler/verdict.h"

typedef struct {
	Paper paper;
	char *text;
	size_t length;
} Capture;

static void capture_begin(Capture *capture, gboolean terminal)
{
	capture->paper = (Paper){ .terminal = terminal, .colour = terminal };
	capture->paper.out = open_memstream(&capture->text, &capture->length);
}

static const char *capture_end(Capture *capture)
{
	fclose(capture->paper.out);
	return capture->text;
}

static void capture_clear(Capture *capture)
{
	free(capture->text);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Capture, capture_clear)

static HostlerFindings *find(const char *severities)
{
	HostlerFindings *findings = hostler_findings_new();

	for (const char *p = severities; *p != '\0'; p++) {
		if (*p == 'p') {
			hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_VFIO_PLAN, "0000:01:00.1",
					     NULL, "0000:01:00.1 (snd\x1b) is taken along");
			continue;
		}
		hostler_findings_add(findings,
				     *p == 'n' ? HOSTLER_SEVERITY_NOTE :
				     *p == 'a' ? HOSTLER_SEVERITY_ADVICE : HOSTLER_SEVERITY_REFUSE,
				     HOSTLER_ERROR_VFIO_BUSY, "0000:01:00.0", *p == 'n' ? NULL : "umount /mnt",
				     "0000:01:00.0 has \x1b[31m%s", "nvme0n1p1 mounted");
	}
	return findings;
}

static void test_status(void)
{
	static const struct {
		const char *findings;
		int status;
	} cases[] = { { "", 0 }, { "n", 0 }, { "p", 0 }, { "nna", 1 }, { "anr", 2 }, { "rn", 2 } };

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(HostlerFindings) findings = find(cases[i].findings);

		g_assert_cmpint(verdict_status(findings), ==, cases[i].status);
	}
}

static void assert_verdict(const char *severities, gboolean terminal, const char *expected)
{
	g_autoptr(HostlerFindings) findings = find(severities);
	g_auto(Capture) capture = { 0 };

	capture_begin(&capture, terminal);
	capture.paper.colour = FALSE;
	verdict_print(&capture.paper, "we\x1b" "b", findings);
	g_assert_cmpstr(capture_end(&capture), ==, expected);
}

/* Whatever the order in which it was found. */
static void test_plain(void)
{
	assert_verdict("", FALSE, "we\\x1bb: fine\n");
	assert_verdict("p", FALSE,
		       "we\\x1bb: plan: 0000:01:00.1 (snd\\x1b) is taken along\n"
		       "we\\x1bb: fine\n");
	assert_verdict("ranp", FALSE,
		       "we\\x1bb: plan: 0000:01:00.1 (snd\\x1b) is taken along\n"
		       "we\\x1bb: note: 0000:01:00.0 has \\x1b[31mnvme0n1p1 mounted\n"
		       "we\\x1bb: advice: 0000:01:00.0 has \\x1b[31mnvme0n1p1 mounted; umount /mnt\n"
		       "we\\x1bb: refuse: 0000:01:00.0 has \\x1b[31mnvme0n1p1 mounted; umount /mnt\n"
		       "we\\x1bb: refuse\n");
}

static void test_terminal(void)
{
	assert_verdict("", TRUE, "we\\x1bb: nothing stands against a start\n");
	assert_verdict("apnp", TRUE,
		       "Plan\n"
		       "  0000:01:00.1 (snd\\x1b) is taken along\n"
		       "  0000:01:00.1 (snd\\x1b) is taken along\n"
		       "note    0000:01:00.0 has \\x1b[31mnvme0n1p1 mounted\n"
		       "advice  0000:01:00.0 has \\x1b[31mnvme0n1p1 mounted\n"
		       "  mend  umount /mnt\n"
		       "we\\x1bb: it would start, but see the advice\n");
	assert_verdict("r", TRUE,
		       "refuse  0000:01:00.0 has \\x1b[31mnvme0n1p1 mounted\n"
		       "  mend  umount /mnt\n"
		       "we\\x1bb: it would not be started\n");
}

/* Escape characters are ours alone. */
static void test_colour(void)
{
	g_autoptr(HostlerFindings) findings = find("rnp");
	g_auto(Capture) capture = { 0 };
	guint escapes = 0;

	capture_begin(&capture, TRUE);
	verdict_print(&capture.paper, "web", findings);
	for (const char *p = capture_end(&capture); *p != '\0'; p++)
		escapes += *p == '\x1b';
	g_assert_cmpuint(escapes, ==, 2 * 4);
}

static void test_json(void)
{
	g_autoptr(HostlerFindings) findings = find("apr");
	g_autoptr(JsonParser) parser = json_parser_new();
	g_auto(Capture) capture = { 0 };
	g_autoptr(GError) error = NULL;
	JsonObject *root, *plan, *finding;

	capture_begin(&capture, FALSE);
	verdict_print_json(&capture.paper, "w\te\xe2\x80\xae\"b", NULL, findings);
	json_parser_load_from_data(parser, capture_end(&capture), -1, &error);
	g_assert_no_error(error);
	g_assert_null(strchr(capture.text, '\x1b'));
	root = json_node_get_object(json_parser_get_root(parser));
	g_assert_cmpstr(json_object_get_string_member(root, "vm"), ==, "w\te\xe2\x80\xae\"b");
	g_assert_cmpstr(json_object_get_string_member(root, "verdict"), ==, "refuse");
	g_assert_false(json_object_has_member(root, "uuid"));
	plan = json_array_get_object_element(json_object_get_array_member(root, "plan"), 0);
	g_assert_cmpstr(json_object_get_string_member(plan, "subject"), ==, "0000:01:00.1");
	g_assert_true(g_str_has_suffix(json_object_get_string_member(plan, "text"), " is taken along"));
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(root, "findings")), ==, 2);
	finding = json_array_get_object_element(json_object_get_array_member(root, "findings"), 1);
	g_assert_cmpstr(json_object_get_string_member(finding, "severity"), ==, "refuse");
	g_assert_cmpstr(json_object_get_string_member(finding, "code"), ==, "vfio-device-busy");
	g_assert_cmpstr(json_object_get_string_member(finding, "mend"), ==, "umount /mnt");
}

/* --- hostler status --- */

static void test_table(void)
{
	g_autoptr(Table) table = table_new();
	HostlerSink sink = table_sink(table);
	g_autoptr(JsonParser) parser = json_parser_new();
	g_auto(Capture) plain = { 0 };
	g_auto(Capture) terminal = { 0 };
	g_auto(Capture) json = { 0 };
	JsonObject *root;

	sink.line(sink.data, "vms", "web", "runs");
	sink.line(sink.data, "devices", "0000:01:00.0", "held\nby \x1b[1m");
	sink.line(sink.data, "vms", "a much longer name", "runs");
	capture_begin(&plain, FALSE);
	table_print(&plain.paper, table);
	g_assert_true(g_str_has_prefix(capture_end(&plain), "vms\tweb\truns\nvms\ta much longer name\truns\ndevices\t"));
	g_assert_null(strchr(plain.text, '\x1b'));
	capture_begin(&terminal, TRUE);
	table_print(&terminal.paper, table);
	g_assert_nonnull(strstr(capture_end(&terminal), "\n  web                 runs\n  a much longer name  runs\n"));
	capture_begin(&json, FALSE);
	table_print_json(&json.paper, table);
	g_assert_true(json_parser_load_from_data(parser, capture_end(&json), -1, NULL));
	root = json_node_get_object(json_parser_get_root(parser));
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(root, "vms")), ==, 2);
	g_assert_cmpuint(json_object_get_size(root), ==, 2);
}

static void add_text(gpointer data, const char *section, const char *key, const char *text)
{
	g_hash_table_replace(data, g_strdup(key), g_strdup(text));
}

static void make_hook(const char *folder, const char *object, mode_t mode)
{
	g_autofree char *path = g_strdup_printf("%s/%s.d", folder, object);
	g_autofree char *hook = g_build_filename(path, "10-hostler", NULL);

	g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
	if (mode != 0) {
		g_assert_true(g_file_set_contents(hook, "#!/bin/true\n", -1, NULL));
		g_assert_cmpint(chmod(hook, mode), ==, 0);
	}
}

static void remove_hook(const char *folder, const char *object)
{
	g_autofree char *path = g_strdup_printf("%s/%s.d", folder, object);
	g_autofree char *hook = g_build_filename(path, "10-hostler", NULL);

	g_unlink(hook);
	g_assert_cmpint(g_rmdir(path), ==, 0);
}

/* libvirt says nothing of a hook that is missing or not executable. */
static void test_hooks(void)
{
	g_autoptr(GHashTable) said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	HostlerSink sink = { .line = add_text, .data = said };
	g_autofree char *folder = g_dir_make_tmp("hostler-test-XXXXXX", NULL);

	make_hook(folder, "qemu", 0);
	make_hook(folder, "network", 0644);
	make_hook(folder, "daemon", 0777);
	places_show_hooks(&sink, folder);
	g_assert_true(g_str_has_prefix(g_hash_table_lookup(said, "qemu"), "MISSING"));
	g_assert_true(g_str_has_prefix(g_hash_table_lookup(said, "network"), "NOT EXECUTABLE"));
	g_assert_true(g_str_has_prefix(g_hash_table_lookup(said, "daemon"), "OTHERS MAY CHANGE IT"));
	remove_hook(folder, "qemu");
	remove_hook(folder, "network");
	remove_hook(folder, "daemon");
	make_hook(folder, "qemu", 0755);
	places_show_hooks(&sink, folder);
	if (geteuid() == 0)
		g_assert_true(g_str_has_prefix(g_hash_table_lookup(said, "qemu"), "in place, "));
	remove_hook(folder, "qemu");
	g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/command/check-status", test_status);
	g_test_add_func("/command/check-plain", test_plain);
	g_test_add_func("/command/check-terminal", test_terminal);
	g_test_add_func("/command/check-colour", test_colour);
	g_test_add_func("/command/check-json", test_json);
	g_test_add_func("/command/table", test_table);
	g_test_add_func("/command/hooks", test_hooks);
	return g_test_run();
}
