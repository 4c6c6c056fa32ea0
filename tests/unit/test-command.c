/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the admin's command says, and its exit status. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
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
		if (*p == 'p' || *p == 'q') {
			const char *bdf = *p == 'p' ? "0000:01:00.1" : "0000:01:00.2";

			hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_VFIO_PLAN, bdf, NULL,
					     "%s (snd\x1b) is taken along", bdf);
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
	verdict_print(&capture.paper, &(VerdictSubject){ .name = "we\x1b" "b" }, findings);
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
	assert_verdict("apnq", TRUE,
		       "Plan\n"
		       "  0000:01:00.1 (snd\\x1b) is taken along\n"
		       "  0000:01:00.2 (snd\\x1b) is taken along\n"
		       "note    0000:01:00.0 has \\x1b[31mnvme0n1p1 mounted\n"
		       "advice  0000:01:00.0 has \\x1b[31mnvme0n1p1 mounted\n"
		       "  mend  umount /mnt\n"
		       "we\\x1bb: it would start, but see the advice\n");
	assert_verdict("r", TRUE,
		       "refuse  0000:01:00.0 has \\x1b[31mnvme0n1p1 mounted\n"
		       "  mend  umount /mnt\n"
		       "we\\x1bb: it would not be started\n");
}

/* What is no VM is not started. */
static void test_kinds(void)
{
	g_autoptr(HostlerFindings) findings = find("a");
	g_auto(Capture) host = { 0 };
	g_auto(Capture) dump = { 0 };

	capture_begin(&host, TRUE);
	host.paper.colour = FALSE;
	verdict_print(&host.paper, &(VerdictSubject){ .name = "this host", .kind = VERDICT_HOST }, findings);
	g_assert_true(g_str_has_suffix(capture_end(&host), "\nthis host: see the advice\n"));
	capture_begin(&dump, FALSE);
	verdict_print_json(&dump.paper, &(VerdictSubject){ .name = "a.txt", .kind = VERDICT_DUMP }, findings);
	g_assert_true(g_str_has_prefix(capture_end(&dump), "{\"dump\":\"a.txt\",\"verdict\":\"advice\","));
}

/* Escape characters are ours alone. */
static void test_colour(void)
{
	g_autoptr(HostlerFindings) findings = find("rnp");
	g_auto(Capture) capture = { 0 };
	guint escapes = 0;

	capture_begin(&capture, TRUE);
	verdict_print(&capture.paper, &(VerdictSubject){ .name = "web" }, findings);
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
	verdict_print_json(&capture.paper, &(VerdictSubject){ .name = "w\te\xe2\x80\xae\"b" }, findings);
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

#define WEB "11111111-2222-3333-4444-555555555555"
#define DB "66666666-2222-3333-4444-555555555555"

/* As plugins tell it: their sections one after the other, not VM by VM. */
static Table *make_table(void)
{
	HostlerRecord web = { .uuid = (char *)WEB, .name = (char *)"web" };
	HostlerRecord db = { .uuid = (char *)DB, .name = (char *)"d\tb" };
	Table *table = table_new();
	HostlerSink sink = table_sink(table);

	sink.line(sink.data, &web, TABLE_VMS, "web", "runs");
	sink.line(sink.data, &db, TABLE_VMS, "d\tb", "is gone");
	sink.line(sink.data, &web, "devices", "0000:01:00.0", "held\nby \x1b[1m");
	sink.line(sink.data, &db, "devices", "0000:02:00.0", "STUCK for 3 min");
	sink.line(sink.data, &web, "forward", "tcp port 80", "to 192.0.2.1");
	sink.line(sink.data, NULL, "forward", "nf_tables", "as recorded");
	sink.line(sink.data, &web, "forward", "tcp ports 2222-2230", "to 192.0.2.1");
	return table;
}

static void assert_table(gboolean terminal, const char *expected)
{
	g_autoptr(Table) table = make_table();
	g_auto(Capture) capture = { 0 };

	capture_begin(&capture, terminal);
	capture.paper.colour = FALSE;
	table_print(&capture.paper, table);
	g_assert_cmpstr(capture_end(&capture), ==, expected);
}

static void test_table_plain(void)
{
	assert_table(FALSE, "vms\tweb\truns\n"
			    "devices\t0000:01:00.0\theld\\x0aby \\x1b[1m\tweb\n"
			    "forward\ttcp port 80\tto 192.0.2.1\tweb\n"
			    "forward\ttcp ports 2222-2230\tto 192.0.2.1\tweb\n"
			    "vms\td\\x09b\tis gone\n"
			    "devices\t0000:02:00.0\tSTUCK for 3 min\td\\x09b\n"
			    "forward\tnf_tables\tas recorded\n");
}

static void test_table_terminal(void)
{
	assert_table(TRUE, "web  runs\n"
			   "  devices\n"
			   "    0000:01:00.0  held\\x0aby \\x1b[1m\n"
			   "  forward\n"
			   "    tcp port 80          to 192.0.2.1\n"
			   "    tcp ports 2222-2230  to 192.0.2.1\n"
			   "d\\x09b  is gone\n"
			   "  devices\n"
			   "    0000:02:00.0  STUCK for 3 min\n"
			   "forward\n"
			   "  nf_tables  as recorded\n");
}

/* What is stuck is red, and nothing else is. */
static void test_table_loud(void)
{
	g_autoptr(Table) table = make_table();
	g_auto(Capture) capture = { 0 };
	const char *red;

	capture_begin(&capture, TRUE);
	table_print(&capture.paper, table);
	red = strstr(capture_end(&capture), "\x1b[31m");
	g_assert_nonnull(red);
	g_assert_true(g_str_has_prefix(red, "\x1b[31mSTUCK for 3 min\x1b[0m\n"));
	g_assert_null(strstr(red + 1, "\x1b[31m"));
}

/* Sections as ever; a line that is a VM's says so. */
static void test_table_json(void)
{
	g_autoptr(Table) table = make_table();
	g_autoptr(JsonParser) parser = json_parser_new();
	g_auto(Capture) json = { 0 };
	JsonArray *forwards;
	JsonObject *root, *row;

	capture_begin(&json, FALSE);
	table_print_json(&json.paper, table);
	g_assert_true(json_parser_load_from_data(parser, capture_end(&json), -1, NULL));
	root = json_node_get_object(json_parser_get_root(parser));
	g_assert_cmpuint(json_object_get_size(root), ==, 3);
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(root, "vms")), ==, 2);
	forwards = json_object_get_array_member(root, "forward");
	g_assert_cmpuint(json_array_get_length(forwards), ==, 3);
	row = json_array_get_object_element(forwards, 0);
	g_assert_cmpstr(json_object_get_string_member(row, "key"), ==, "tcp port 80");
	g_assert_cmpstr(json_object_get_string_member(row, "uuid"), ==, WEB);
	g_assert_cmpstr(json_object_get_string_member(row, "vm"), ==, "web");
	row = json_array_get_object_element(forwards, 1);
	g_assert_false(json_object_has_member(row, "uuid"));
	g_assert_false(json_object_has_member(row, "vm"));
}

static void add_text(gpointer data, const HostlerRecord *of, const char *section, const char *key, const char *text)
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
	g_assert_nonnull(strstr(g_hash_table_lookup(said, "qemu"), "mend: mkdir -p /"));
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

static void make_record(const char *run, const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(run, folder, NULL);
	g_autofree char *record = g_build_filename(path, "record", NULL);

	g_assert_cmpint(g_mkdir_with_parents(path, 0755), ==, 0);
	if (name != NULL)
		g_assert_true(g_file_set_contents(record, name, -1, NULL));
}

static void remove_record(const char *run, const char *folder)
{
	g_autofree char *path = g_build_filename(run, folder, NULL);
	g_autofree char *record = g_build_filename(path, "record", NULL);

	g_unlink(record);
	g_assert_cmpint(g_rmdir(path), ==, 0);
}

/* A helper that does not run is missed only where there is something for it to do. */
static void test_helpers(void)
{
	static const struct {
		gboolean enabled;
		const char *running, *ended; /* NULL: nobody */
		const char *metrics;
	} cases[] = {
		{ TRUE, NULL, NULL, "does not run; nothing" },
		{ TRUE, "web", NULL, "DOES NOT RUN" },
		{ TRUE, NULL, "web", "DOES NOT RUN" },
		{ FALSE, "web", NULL, "does not run; nothing" },
		{ FALSE, "web", "db", "DOES NOT RUN" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GHashTable) said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
		HostlerSink sink = { .line = add_text, .data = said };
		g_autofree char *run = g_dir_make_tmp("hostler-test-XXXXXX", NULL);
		HostlerHost host = { .run_dir = run, .config.metrics_enabled = cases[i].enabled };

		make_record(run, "vms", cases[i].running);
		make_record(run, "ended", cases[i].ended);
		places_show_helpers(&host, &sink, TRUE);
		g_assert_false(g_hash_table_contains(said, "hostler-settle"));
		g_assert_true(g_str_has_prefix(g_hash_table_lookup(said, "hostler-metrics"), cases[i].metrics));
		g_assert_cmpstr(g_hash_table_lookup(said, "hostler-watch"), ==, "does not run; nothing to do");
		remove_record(run, "vms");
		remove_record(run, "ended");
		g_assert_cmpint(g_rmdir(run), ==, 0);
	}
}

/* Nobody but systemd answers calls, and not before it has had time to. */
static void test_calls(void)
{
	g_autoptr(GHashTable) said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	HostlerSink sink = { .line = add_text, .data = said };
	g_autofree char *run = g_dir_make_tmp("hostler-test-XXXXXX", NULL);
	g_autofree char *calls = g_build_filename(run, "attention", NULL);
	g_autofree char *lock = g_build_filename(run, "locks", "settle", NULL);
	g_autofree char *locks = g_path_get_dirname(lock);
	HostlerHost host = { .run_dir = run, .config.hook_deadline = 300 };
	time_t now = time(NULL);
	int fd;

	make_record(run, "attention", "call");
	g_assert_cmpint(utimes(calls, (struct timeval[2]){ { .tv_sec = now - 60 }, { .tv_sec = now - 60 } }), ==, 0);
	places_show_helpers(&host, &sink, TRUE);
	g_assert_false(g_hash_table_contains(said, "hostler-settle"));
	g_assert_cmpint(utimes(calls, (struct timeval[2]){ { .tv_sec = 1 }, { .tv_sec = 1 } }), ==, 0);
	places_show_helpers(&host, &sink, FALSE);
	g_assert_false(g_hash_table_contains(said, "hostler-settle"));
	places_show_helpers(&host, &sink, TRUE);
	g_assert_true(g_str_has_suffix(g_hash_table_lookup(said, "hostler-settle"), "hostler-settle.path"));
	g_hash_table_remove_all(said);
	g_assert_cmpint(g_mkdir(locks, 0755), ==, 0);
	g_assert_true(g_file_set_contents(lock, "", 0, NULL));
	fd = open(lock, O_RDWR | O_CLOEXEC);
	g_assert_cmpint(flock(fd, LOCK_EX), ==, 0);
	places_show_helpers(&host, &sink, TRUE);
	g_assert_false(g_hash_table_contains(said, "hostler-settle"));
	close(fd);
	g_unlink(lock);
	g_assert_cmpint(g_rmdir(locks), ==, 0);
	remove_record(run, "attention");
	g_assert_cmpint(g_rmdir(run), ==, 0);
}

static void assert_mend(const char *name, const char *mend, const char *expected)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	const VerdictSubject subject = { .name = name, .uuid = "11111111-2222-3333-4444-555555555555" };
	g_auto(Capture) capture = { 0 };

	capture_begin(&capture, FALSE);
	hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_HOST, NULL, mend, "x");
	verdict_print(&capture.paper, &subject, findings);
	g_assert_nonnull(strstr(capture_end(&capture), expected));
}

/* Commands are there to be copied, into a shell. */
static void test_mend(void)
{
	assert_mend("win-10.x", "virsh edit VM, virt-xml VM --edit, the VM",
		    "; virsh edit win-10.x, virt-xml win-10.x --edit, the VM\n");
	assert_mend("a b", "virsh edit VM", "; virsh edit 11111111-2222-3333-4444-555555555555\n");
	assert_mend("$(x)", "virsh memtune VM", "; virsh memtune 11111111-2222-3333-4444-555555555555\n");
	assert_mend("web", "virsh domiflist VM shows them", "; virsh domiflist web shows them\n");
	assert_mend("web", "virsh attach-interface VM network default", "; virsh attach-interface web network default\n");
	assert_mend("-x", "virsh edit VM", "; virsh edit 11111111-2222-3333-4444-555555555555\n");
	assert_mend("", "virsh edit VM", "; virsh edit 11111111-2222-3333-4444-555555555555\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/command/mend", test_mend);
	g_test_add_func("/command/calls", test_calls);
	g_test_add_func("/command/check-status", test_status);
	g_test_add_func("/command/check-plain", test_plain);
	g_test_add_func("/command/check-terminal", test_terminal);
	g_test_add_func("/command/check-colour", test_colour);
	g_test_add_func("/command/kinds", test_kinds);
	g_test_add_func("/command/check-json", test_json);
	g_test_add_func("/command/table-plain", test_table_plain);
	g_test_add_func("/command/table-terminal", test_table_terminal);
	g_test_add_func("/command/table-loud", test_table_loud);
	g_test_add_func("/command/table-json", test_table_json);
	g_test_add_func("/command/hooks", test_hooks);
	g_test_add_func("/command/helpers", test_helpers);
	return g_test_run();
}
