/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of the logs: whole lines or none, and only where nobody else writes. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "qemu-helpers/metrics/log.h"
#include "qemu-helpers/metrics/trouble.h"

#define FILE_NAME "web.jsonl"

typedef struct {
	char *top;
	char *folder;
	char *file;
	Log *log;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	fixture->top = g_dir_make_tmp("hostler-test-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->folder = g_build_filename(fixture->top, "logs", NULL);
	fixture->file = g_build_filename(fixture->folder, FILE_NAME, NULL);
	g_assert_cmpint(g_mkdir(fixture->folder, 0750), ==, 0);
	fixture->log = log_new(fixture->folder);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	g_autofree char *other = g_build_filename(fixture->top, "other", NULL);

	log_free(fixture->log);
	g_unlink(fixture->file);
	g_rmdir(fixture->file);
	g_unlink(fixture->folder);
	g_rmdir(fixture->folder);
	g_unlink(other);
	g_rmdir(other);
	g_assert_cmpint(g_rmdir(fixture->top), ==, 0);
	g_free(fixture->top);
	g_free(fixture->folder);
	g_free(fixture->file);
}

static void assert_text(const Fixture *fixture, const char *expected)
{
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(fixture->file, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, expected);
}

static void test_append(Fixture *fixture, gconstpointer data)
{
	struct stat info;

	g_assert_true(log_append(fixture->log, FILE_NAME, "one\n"));
	g_assert_true(log_append(fixture->log, FILE_NAME, "two\n"));
	assert_text(fixture, "one\ntwo\n");
	g_assert_cmpint(stat(fixture->file, &info), ==, 0);
	g_assert_cmpuint(info.st_mode & 0137, ==, 0);
	g_assert_cmpint(g_unlink(fixture->file), ==, 0);
	g_assert_true(log_append(fixture->log, FILE_NAME, "three\n"));
	assert_text(fixture, "three\n");
}

/* What is in the way of a file, and no line gets there. */
static void test_obstacles(Fixture *fixture, gconstpointer data)
{
	g_autofree char *other = g_build_filename(fixture->top, "other", NULL);
	g_autofree char *precious = NULL;

	g_assert_true(g_file_set_contents(other, "precious\n", -1, NULL));
	g_assert_cmpint(symlink(other, fixture->file), ==, 0);
	g_assert_false(log_append(fixture->log, FILE_NAME, "line\n"));
	g_assert_cmpint(g_unlink(fixture->file), ==, 0);
	g_assert_cmpint(link(other, fixture->file), ==, 0);
	g_assert_false(log_append(fixture->log, FILE_NAME, "line\n"));
	g_assert_cmpint(g_unlink(fixture->file), ==, 0);
	g_assert_cmpint(mkfifo(fixture->file, 0600), ==, 0);
	g_assert_false(log_append(fixture->log, FILE_NAME, "line\n"));
	g_assert_cmpint(g_unlink(fixture->file), ==, 0);
	g_assert_cmpint(g_mkdir(fixture->file, 0700), ==, 0);
	g_assert_false(log_append(fixture->log, FILE_NAME, "line\n"));
	g_assert_cmpint(g_rmdir(fixture->file), ==, 0);
	g_assert_true(log_append(fixture->log, FILE_NAME, "line\n"));
	assert_text(fixture, "line\n");
	g_assert_cmpint(g_unlink(fixture->file), ==, 0);
	g_assert_true(g_file_get_contents(other, &precious, NULL, NULL));
	g_assert_cmpstr(precious, ==, "precious\n");
}

static void test_folder(Fixture *fixture, gconstpointer data)
{
	g_autofree char *other = g_build_filename(fixture->top, "other", NULL);

	g_assert_cmpint(chmod(fixture->folder, 0757), ==, 0);
	g_assert_false(log_append(fixture->log, FILE_NAME, "line\n"));
	g_assert_cmpint(chmod(fixture->folder, 0750), ==, 0);
	g_assert_cmpint(g_rename(fixture->folder, other), ==, 0);
	g_assert_false(log_append(fixture->log, FILE_NAME, "line\n"));
	g_assert_cmpint(symlink(other, fixture->folder), ==, 0);
	g_assert_false(log_append(fixture->log, FILE_NAME, "line\n"));
	g_assert_cmpint(g_unlink(fixture->folder), ==, 0);
	g_assert_cmpint(g_rename(other, fixture->folder), ==, 0);
	g_assert_true(log_append(fixture->log, FILE_NAME, "line\n"));
	assert_text(fixture, "line\n");
}

static void be_without_folder(Fixture *fixture)
{
	g_autofree char *other = g_build_filename(fixture->top, "other", NULL);

	g_assert_cmpint(g_rename(fixture->folder, other), ==, 0);
	g_assert_false(log_append(fixture->log, FILE_NAME, "line\n"));
	g_assert_cmpint(symlink(other, fixture->folder), ==, 0);
	g_assert_false(log_append(fixture->log, FILE_NAME, "line\n"));
}

/* What is said of it ends with what mends it. */
static void test_mend(Fixture *fixture, gconstpointer data)
{
	if (g_test_subprocess()) {
		hostler_log_use_journal("/nowhere");
		be_without_folder(fixture);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr("*mend: systemctl restart hostler-metrics,* /*/logs;*mend: *: mount --bind FOLDER /*/logs;*");
}

/* The kernel takes a part of a line that does not fit. */
static void test_full(Fixture *fixture, gconstpointer data)
{
	struct rlimit before, small;

	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
	small = before;
	small.rlim_cur = 10;
	g_assert_true(log_append(fixture->log, FILE_NAME, "1234567\n"));
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
	g_assert_false(log_append(fixture->log, FILE_NAME, "abcdefg\n"));
	g_assert_false(log_append(fixture->log, FILE_NAME, "hijklmn\n"));
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
	assert_text(fixture, "1234567\n");
	g_assert_true(log_append(fixture->log, FILE_NAME, "opqrstu\n"));
	assert_text(fixture, "1234567\nopqrstu\n");
}

static void test_tail(Fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *text;
		gsize max;
		const char *tail;
		const char *left; /* in the file */
	} cases[] = {
		{ "", 100, "", "" },
		{ "a\nb\n", 100, "a\nb\n", "a\nb\n" },
		{ "a\nb\n{\"torn", 100, "a\nb\n", "a\nb\n" },
		{ "torn", 100, "", "" },
		{ "first\nsecond\nthird\n", 14, "second\nthird\n", "first\nsecond\nthird\n" },
		{ "first\nsecond\nthird\n", 12, "third\n", "first\nsecond\nthird\n" },
		{ "first\nsecond\nto", 10, "second\n", "first\nsecond\n" },
		{ "first\ntorn where nobody reads any more", 10, "first\n", "first\n" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *tail = NULL;

		g_assert_true(g_file_set_contents(fixture->file, cases[i].text, -1, NULL));
		tail = log_tail(fixture->log, FILE_NAME, cases[i].max);
		g_assert_cmpstr(tail, ==, cases[i].tail);
		assert_text(fixture, cases[i].left);
	}
}

/* A power cut leaves zeros where the disk had not been written yet: none stay at the end, for
 * the next line would be spoilt, and elsewhere they hide nothing of what follows. */
static void test_zeros(Fixture *fixture, gconstpointer data)
{
	static const char zeros[5000] = { 0 };
	g_autofree char *tail = NULL;
	g_autoptr(GString) text = g_string_new("one\n\"half");

	g_string_append_len(text, zeros, 7);
	g_string_append(text, "\ntwo\n");
	g_string_append_len(text, zeros, sizeof(zeros));
	g_assert_true(g_file_set_contents(fixture->file, text->str, (gssize)text->len, NULL));
	tail = log_tail(fixture->log, FILE_NAME, 100);
	g_assert_cmpstr(tail, ==, "one\n\"half       \ntwo\n");
	g_assert_true(g_file_set_contents(fixture->file, zeros, sizeof(zeros), NULL));
	g_free(tail);
	tail = log_tail(fixture->log, FILE_NAME, 100);
	g_assert_cmpstr(tail, ==, "");
	g_assert_true(log_append(fixture->log, FILE_NAME, "three\n"));
	assert_text(fixture, "three\n");
}

static void test_no_tail(Fixture *fixture, gconstpointer data)
{
	g_autofree char *tail = log_tail(fixture->log, FILE_NAME, 100);

	g_assert_cmpstr(tail, ==, "");
	g_assert_false(g_file_test(fixture->file, G_FILE_TEST_EXISTS));
}

#define HEAD(event, run) "{\"time\":\"t\",\"event\":\"" event "\",\"vm\":\"v\",\"run\":\"" run "\"}\n"

/* Three reports back; of the run that goes on what it is, what was missing and where it was. */
static void test_put_aside(Fixture *fixture, gconstpointer data)
{
	static const char *const lines[] = {
		HEAD("start", "1"),  HEAD("report", "1"), HEAD("start", "2"),  HEAD("sample", "2"), HEAD("report", "2"),
		HEAD("report", "3"), HEAD("report", "4"), HEAD("start", "5"), HEAD("gap", "5"),    HEAD("sample", "5"),
		"torn\n",	     HEAD("sample", "5"),
	};
	g_autofree char *aside = g_strconcat(fixture->file, ".1", NULL);
	g_autoptr(GString) all = g_string_new(NULL);
	g_autofree char *before = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_string_append(all, lines[i]);
		g_assert_true(log_append(fixture->log, FILE_NAME, lines[i]));
	}
	log_set_limit(fixture->log, all->len);
	g_assert_true(log_append(fixture->log, FILE_NAME, "next\n"));
	assert_text(fixture, HEAD("report", "2") HEAD("report", "3") HEAD("report", "4") HEAD("start", "5") HEAD("gap", "5")
			     HEAD("sample", "5") "next\n");
	g_assert_true(g_file_get_contents(aside, &before, NULL, NULL));
	g_assert_cmpstr(before, ==, all->str);
	/* Somebody else put it aside. */
	g_assert_cmpint(g_rename(fixture->file, aside), ==, 0);
	g_assert_true(log_append(fixture->log, FILE_NAME, HEAD("report", "5")));
	assert_text(fixture, HEAD("report", "2") HEAD("report", "3") HEAD("report", "4") HEAD("start", "5") HEAD("gap", "5")
			     HEAD("sample", "5") HEAD("report", "5"));
	g_assert_cmpint(g_rename(fixture->file, aside), ==, 0);
	g_assert_true(log_append(fixture->log, FILE_NAME, "new\n"));
	assert_text(fixture, HEAD("report", "3") HEAD("report", "4") HEAD("report", "5") "new\n");
	g_assert_cmpint(g_unlink(aside), ==, 0);
}

/* A short line finds room where a long one does not, and two files have the same trouble. */
static void test_trouble(void)
{
	g_autoptr(Trouble) trouble = trouble_new();

	g_assert_false(trouble_worked(trouble, "a"));
	g_assert_true(trouble_failed(trouble, "a", "full"));
	g_assert_false(trouble_worked(trouble, "a"));
	g_assert_false(trouble_failed(trouble, "a", "full"));
	g_assert_false(trouble_failed(trouble, "b", "full"));
	g_assert_true(trouble_failed(trouble, "b", "gone"));
	for (int i = 0; i < 2; i++)
		g_assert_false(trouble_worked(trouble, "a"));
	g_assert_false(trouble_worked(trouble, "b"));
	g_assert_true(trouble_worked(trouble, "b"));
	g_assert_true(trouble_failed(trouble, "a", "full"));
	g_assert_false(trouble_forget(trouble, "a"));
	g_assert_true(trouble_failed(trouble, "b", "full"));
	g_assert_false(trouble_failed(trouble, "a", "full"));
	g_assert_false(trouble_worked(trouble, "a"));
	g_assert_false(trouble_forget(trouble, "b"));
	g_assert_true(trouble_forget(trouble, "a"));
	g_assert_false(trouble_forget(trouble, "a"));
}

/* It is put aside in vain: it grows on, and nothing is lost. */
static void test_not_put_aside(Fixture *fixture, gconstpointer data)
{
	g_autofree char *aside = g_strconcat(fixture->file, ".1", NULL);

	g_assert_cmpint(g_mkdir(aside, 0700), ==, 0);
	log_set_limit(fixture->log, 1);
	g_assert_true(log_append(fixture->log, FILE_NAME, "one\n"));
	g_assert_true(log_append(fixture->log, FILE_NAME, "two\n"));
	assert_text(fixture, "one\ntwo\n");
	g_assert_cmpint(g_rmdir(aside), ==, 0);
}

/* The end, and of what is before it what must not be forgotten. */
static void test_kept_tail(Fixture *fixture, gconstpointer data)
{
	g_autofree char *tail = NULL;

	log_append(fixture->log, FILE_NAME, HEAD("report", "1"));
	log_append(fixture->log, FILE_NAME, HEAD("start", "2"));
	log_append(fixture->log, FILE_NAME, HEAD("stall", "2"));
	for (int i = 0; i < 100; i++)
		log_append(fixture->log, FILE_NAME, HEAD("sample", "2"));
	tail = log_tail(fixture->log, FILE_NAME, 2 * strlen(HEAD("sample", "2")) + 5);
	g_assert_cmpstr(tail, ==, HEAD("report", "1") HEAD("start", "2") HEAD("stall", "2") HEAD("sample", "2")
				  HEAD("sample", "2") HEAD("sample", "2"));
}

/* Since when a VM stalls is told by the last sample that had its disks. */
static void test_kept_stall(Fixture *fixture, gconstpointer data)
{
	static const char poor[] = "{\"time\":\"x\",\"event\":\"sample\",\"missing\":\"disks\"}\n";
	static const char late[] = "{\"time\":\"x\",\"event\":\"sample\",\"late\":1}\n";
	g_autofree char *tail = NULL;

	log_append(fixture->log, FILE_NAME, HEAD("start", "2"));
	log_append(fixture->log, FILE_NAME, HEAD("sample", "2"));
	log_append(fixture->log, FILE_NAME, late);
	log_append(fixture->log, FILE_NAME, poor);
	log_append(fixture->log, FILE_NAME, HEAD("stall", "2"));
	for (int i = 0; i < 100; i++)
		log_append(fixture->log, FILE_NAME, poor);
	tail = log_tail(fixture->log, FILE_NAME, strlen(poor) + 5);
	g_assert_true(g_str_has_prefix(tail, HEAD("start", "2")));
	g_assert_true(g_str_has_prefix(tail + strlen(HEAD("start", "2")), late));
	g_assert_true(g_str_has_prefix(tail + strlen(HEAD("start", "2")) + strlen(late), HEAD("stall", "2")));
}

/* Nor is it forgotten without a stall: libvirt was only not there to be asked. */
static void test_kept_disks(Fixture *fixture, gconstpointer data)
{
	static const char poor[] = "{\"time\":\"x\",\"event\":\"sample\",\"missing\":\"disks\"}\n";
	static const char kept[] = HEAD("start", "2") HEAD("gap", "2") HEAD("sample", "2");
	g_autofree char *tail = NULL;

	log_append(fixture->log, FILE_NAME, HEAD("start", "2"));
	log_append(fixture->log, FILE_NAME, HEAD("gap", "2"));
	log_append(fixture->log, FILE_NAME, HEAD("sample", "2"));
	for (int i = 0; i < 100; i++)
		log_append(fixture->log, FILE_NAME, poor);
	tail = log_tail(fixture->log, FILE_NAME, strlen(poor) + 5);
	g_assert_true(g_str_has_prefix(tail, kept));
	g_assert_cmpstr(tail + strlen(kept), ==,
			"{\"time\":\"x\",\"event\":\"sample\",\"missing\":\"disks\"}\n"
			"{\"time\":\"x\",\"event\":\"sample\",\"missing\":\"disks\"}\n");
}

/* Killed between putting a file aside and the first line of the next one. */
static void test_aside_alone(Fixture *fixture, gconstpointer data)
{
	static const char lines[] = HEAD("report", "1") HEAD("start", "2") HEAD("sample", "2");
	g_autofree char *aside = g_strconcat(fixture->file, ".1", NULL);
	g_autofree char *without = NULL;
	g_autofree char *empty = NULL;

	g_assert_true(g_file_set_contents(aside, lines, -1, NULL));
	g_assert_cmpint(g_chmod(aside, 0640), ==, 0);
	without = log_tail(fixture->log, FILE_NAME, 100);
	g_assert_cmpstr(without, ==, lines);
	g_assert_true(g_file_set_contents(fixture->file, "", -1, NULL));
	empty = log_tail(fixture->log, FILE_NAME, 100);
	g_assert_cmpstr(empty, ==, lines);
	g_assert_cmpint(g_unlink(aside), ==, 0);
}

int main(int argc, char **argv)
{
	hostler_log_open("test", HOSTLER_LOG_STDERR);
	g_test_init(&argc, &argv, NULL);
	g_test_add("/metrics-log/append", Fixture, NULL, set_up, test_append, tear_down);
	g_test_add_func("/metrics-log/trouble", test_trouble);
	g_test_add("/metrics-log/put-aside", Fixture, NULL, set_up, test_put_aside, tear_down);
	g_test_add("/metrics-log/not-put-aside", Fixture, NULL, set_up, test_not_put_aside, tear_down);
	g_test_add("/metrics-log/kept-tail", Fixture, NULL, set_up, test_kept_tail, tear_down);
	g_test_add("/metrics-log/kept-stall", Fixture, NULL, set_up, test_kept_stall, tear_down);
	g_test_add("/metrics-log/kept-disks", Fixture, NULL, set_up, test_kept_disks, tear_down);
	g_test_add("/metrics-log/aside-alone", Fixture, NULL, set_up, test_aside_alone, tear_down);
	g_test_add("/metrics-log/obstacles", Fixture, NULL, set_up, test_obstacles, tear_down);
	g_test_add("/metrics-log/folder", Fixture, NULL, set_up, test_folder, tear_down);
	g_test_add("/metrics-log/mend", Fixture, NULL, set_up, test_mend, tear_down);
	g_test_add("/metrics-log/full", Fixture, NULL, set_up, test_full, tear_down);
	g_test_add("/metrics-log/tail", Fixture, NULL, set_up, test_tail, tear_down);
	g_test_add("/metrics-log/zeros", Fixture, NULL, set_up, test_zeros, tear_down);
	g_test_add("/metrics-log/no-tail", Fixture, NULL, set_up, test_no_tail, tear_down);
	return g_test_run();
}
