/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler.conf: values, words for errors, and whose file it must be. */

#include "hostler/config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler/error.h"

typedef struct {
	char *folder;
	char *file;
	char *more; /* hostler.conf.d */
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	fixture->folder = g_dir_make_tmp("hostler-config-XXXXXX", NULL);
	fixture->file = g_build_filename(fixture->folder, "hostler.conf", NULL);
	fixture->more = g_strconcat(fixture->file, ".d", NULL);
}

static void empty_folder(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *entry = g_build_filename(path, name, NULL);

		if (g_file_test(entry, G_FILE_TEST_IS_DIR) && !g_file_test(entry, G_FILE_TEST_IS_SYMLINK))
			empty_folder(entry);
		g_assert_cmpint(g_remove(entry), ==, 0);
	}
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	empty_folder(fixture->folder);
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_free(fixture->folder);
	g_free(fixture->file);
	g_free(fixture->more);
}

static void put(const char *path, const char *text)
{
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_cmpint(g_chmod(path, 0644), ==, 0);
}

static void put_more(const Fixture *fixture, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(fixture->more, name, NULL);

	g_assert_cmpint(g_mkdir_with_parents(fixture->more, 0755), ==, 0);
	put(path, text);
}

static void check(const HostlerConfig *config, guint deadline, guint interval, gboolean enabled)
{
	g_assert_cmpuint(config->hook_deadline, ==, deadline);
	g_assert_cmpuint(config->metrics_interval, ==, interval);
	g_assert_cmpint(config->metrics_enabled, ==, enabled);
}

/* An error has `words`, one line, and leaves the defaults. */
static void check_refused(const Fixture *fixture, const char *words)
{
	HostlerConfig config = {.hook_deadline = 1, .metrics_interval = 2, .metrics_log_size = 3};
	g_autoptr(GError) error = NULL;

	g_assert_false(hostler_config_load(&config, fixture->file, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_CONFIG);
	g_assert_true(g_str_has_prefix(error->message, fixture->folder));
	g_assert_null(strchr(error->message, '\n'));
	if (strstr(error->message, words) == NULL)
		g_error("expected \"%s\" in \"%s\"", words, error->message);
	check(&config, 20, 10, TRUE);
	g_assert_false(hostler_config_load(&config, fixture->file, NULL));
}

static void check_taken(const Fixture *fixture, guint deadline, guint interval, gboolean enabled)
{
	HostlerConfig config = {.hook_deadline = 1, .metrics_interval = 2, .metrics_log_size = 3};
	g_autoptr(GError) error = NULL;

	g_assert_true(hostler_config_load(&config, fixture->file, &error));
	g_assert_no_error(error);
	check(&config, deadline, interval, enabled);
}

static void test_absent(Fixture *fixture, gconstpointer data)
{
	g_autofree char *nowhere = g_build_filename(fixture->folder, "no", "such", "hostler.conf", NULL);
	HostlerConfig config;

	check_taken(fixture, 20, 10, TRUE);
	g_assert_true(hostler_config_load(&config, nowhere, NULL));
	check(&config, 20, 10, TRUE);
}

static void test_values(Fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *text;
		guint deadline;
		guint interval;
		gboolean enabled;
	} table[] = {
		{"", 20, 10, TRUE},
		{"# nothing\n\n", 20, 10, TRUE},
		{"[hooks]\ndeadline=5\n[metrics]\ninterval=3600\nenabled=false\n", 5, 3600, FALSE},
		{"[hooks]\r\ndeadline=300\r\n", 300, 10, TRUE},
		{"  [hooks]  \n\t deadline \t=  30  \n# x=y\n  # z\n", 30, 10, TRUE},
		{"[metrics]\nenabled=true", 20, 10, TRUE},
		{"[hooks]\n[metrics]\ninterval=1\n[hooks]\ndeadline=6\n", 6, 1, TRUE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		put(fixture->file, table[i].text);
		check_taken(fixture, table[i].deadline, table[i].interval, table[i].enabled);
	}
}

static void test_rtt(Fixture *fixture, gconstpointer data)
{
	HostlerConfig config;

	g_assert_true(hostler_config_load(&config, fixture->file, NULL));
	g_assert_true(config.metrics_rtt);
	put(fixture->file, "[metrics]\nrtt=false\n");
	g_assert_true(hostler_config_load(&config, fixture->file, NULL));
	g_assert_false(config.metrics_rtt);
}

static void test_loopback(Fixture *fixture, gconstpointer data)
{
	HostlerConfig config;

	g_assert_true(hostler_config_load(&config, fixture->file, NULL));
	g_assert_false(config.forward_loopback);
	put(fixture->file, "[forward]\nloopback=true\n");
	g_assert_true(hostler_config_load(&config, fixture->file, NULL));
	g_assert_true(config.forward_loopback);
	put(fixture->file, "[forward]\nloopback=true\n[metrics]\nintervall=3\n");
	g_assert_false(hostler_config_load(&config, fixture->file, NULL));
	g_assert_false(config.forward_loopback);
	put(fixture->file, "[forward]\nloopback=yes\n");
	check_refused(fixture, "line 2: loopback=yes: write true or false");
}

static void test_paths(Fixture *fixture, gconstpointer data)
{
	g_autofree char *long_name = g_strnfill(HOSTLER_CONFIG_PATH_BYTES - 2, 'x');
	g_autofree char *longest = g_strdup_printf("[metrics]\nlog_size=1024\nprometheus=/%s\n", long_name);
	g_autofree char *too_long = g_strdup_printf("[metrics]\nprometheus=/x%s\n", long_name);
	HostlerConfig config;

	g_assert_true(hostler_config_load(&config, fixture->file, NULL));
	g_assert_cmpuint(config.metrics_log_size, ==, 16);
	g_assert_cmpstr(config.metrics_prometheus, ==, "");
	put(fixture->file, longest);
	g_assert_true(hostler_config_load(&config, fixture->file, NULL));
	g_assert_cmpuint(config.metrics_log_size, ==, 1024);
	g_assert_cmpstr(config.metrics_prometheus + 1, ==, long_name);
	put(fixture->file, "[metrics]\nprometheus=\n");
	g_assert_true(hostler_config_load(&config, fixture->file, NULL));
	g_assert_cmpstr(config.metrics_prometheus, ==, "");
	put(fixture->file, "[metrics]\nprometheus=var/lib\n");
	check_refused(fixture, "line 2: prometheus=var/lib: write an absolute path");
	put(fixture->file, too_long);
	check_refused(fixture, "write an absolute path of less than 256 bytes");
	g_assert_false(hostler_config_load(&config, fixture->file, NULL));
	g_assert_cmpstr(config.metrics_prometheus, ==, "");
}

static void test_refused(Fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *text;
		const char *words;
	} table[] = {
		{"[hook]\n", "hostler.conf, line 1: unknown group '[hook]'; did you mean 'hooks'?"},
		{"\n\n[network]\n", "line 3: unknown group '[network]'; known here: hooks, forward, metrics"},
		{"[]\n", "line 1: unknown group '[]'"},
		{"[hooks\n", "line 1: '[hooks' does not end with ']'"},
		{"[", "line 1: '[' does not end with ']'"},
		{"[hooks]\n# x\ndeadlin=20\n", "line 3: unknown key 'deadlin' in [hooks]; did you mean 'deadline'?"},
		{"[hooks]\ninterval=20\n", "line 2: unknown key 'interval' in [hooks]; known here: deadline"},
		{"[metrics]\n=1\n", "line 2: unknown key '' in [metrics]; known here: interval, enabled"},
		{"[hooks]\ndeadline=20\ndeadline=30\n", "line 3: deadline is set on line 2 already"},
		{"[hooks]\ndeadline=20\n[hooks]\ndeadline=20\n", "line 4: deadline is set on line 2 already"},
		{"deadline=20\n", "line 1: 'deadline=20' stands before the first [group]"},
		{"[hooks]\ndeadline\n", "line 2: 'deadline' is neither [group] nor key=value"},
		{"[hooks]\ndeadline=20 # seconds\n", "line 2: deadline=20 # seconds: write a number from 5 to 300"},
		{"[hooks]\ndeadline=4\n", "write a number from 5 to 300"},
		{"[hooks]\ndeadline=301\n", "write a number from 5 to 300"},
		{"[hooks]\ndeadline=20s\n", "write a number from 5 to 300"},
		{"[hooks]\ndeadline=\n", "write a number from 5 to 300"},
		{"[hooks]\ndeadline=-20\n", "write a number from 5 to 300"},
		{"[hooks]\ndeadline=4294967316\n", "write a number from 5 to 300"},
		{"[metrics]\ninterval=0\n", "write a number from 1 to 3600"},
		{"[metrics]\nenabled=yes\n", "line 2: enabled=yes: write true or false"},
		{"[metrics]\nenabled=True\n", "write true or false"},
		{"; comment\n", "line 1: '; comment' is neither"},
		{"\xef\xbb\xbf[hooks]\n", "line 1: '\\u{FEFF}[hooks]' is neither"},
		{"[hooks]\n\x1b[2J=1\n", "unknown key '\\x1b[2J'"},
		{"[hooks]\n\xff=1\n", "is not UTF-8 text"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		put(fixture->file, table[i].text);
		check_refused(fixture, table[i].words);
	}
}

static void test_nul(Fixture *fixture, gconstpointer data)
{
	g_assert_true(g_file_set_contents(fixture->file, "[hooks]\0\n", 9, NULL));
	g_assert_cmpint(g_chmod(fixture->file, 0644), ==, 0);
	check_refused(fixture, "is not UTF-8 text");
}

static void test_more(Fixture *fixture, gconstpointer data)
{
	put(fixture->file, "[hooks]\ndeadline=30\n[metrics]\ninterval=2\n");
	/* In an order that no file system lists by itself as it should be read. */
	put_more(fixture, "20-b.conf", "[hooks]\ndeadline=42\n");
	put_more(fixture, "40-d.conf", "[hooks]\ndeadline=50\n");
	put_more(fixture, "10-a.conf", "[hooks]\ndeadline=41\n[metrics]\nenabled=false\n");
	put_more(fixture, "30-c.conf", "[hooks]\ndeadline=43\n");
	put_more(fixture, ".hidden.conf", "nonsense");
	put_more(fixture, "30-c.conf~", "nonsense");
	put_more(fixture, "30-c.conf.dpkg-new", "nonsense");
	put_more(fixture, "30-c.conf.dpkg-old", "nonsense");
	put_more(fixture, "README", "nonsense");
	check_taken(fixture, 50, 2, FALSE);
	put_more(fixture, "50-e.conf", "[hooks]\n\nx=1\n");
	check_refused(fixture, "hostler.conf.d/50-e.conf, line 3: unknown key 'x'");
}

static void test_more_alone(Fixture *fixture, gconstpointer data)
{
	put_more(fixture, "a.conf", "[hooks]\ndeadline=40\n");
	check_taken(fixture, 40, 10, TRUE);
}

static void test_modes(Fixture *fixture, gconstpointer data)
{
	static const struct {
		mode_t mode;
		const char *words; /* NULL: taken */
	} table[] = {
		{0644, NULL}, {0600, NULL}, {0755, NULL},
		{0664, "hostler.conf (mode 0664, owner "}, {0646, "(mode 0646, owner "},
		{0666, "may be changed by others; chmod go-w '"},
	};

	put(fixture->file, "[hooks]\ndeadline=30\n");
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_assert_cmpint(g_chmod(fixture->file, table[i].mode), ==, 0);
		if (table[i].words == NULL)
			check_taken(fixture, 30, 10, TRUE);
		else
			check_refused(fixture, table[i].words);
	}
}

static void test_folder_modes(Fixture *fixture, gconstpointer data)
{
	put_more(fixture, "a.conf", "[hooks]\ndeadline=40\n");
	g_assert_cmpint(g_chmod(fixture->more, 0777), ==, 0);
	check_refused(fixture, "hostler.conf.d (mode 0777");
	g_assert_cmpint(g_chmod(fixture->more, 0755), ==, 0);
	check_taken(fixture, 40, 10, TRUE);
	g_assert_cmpint(g_chmod(fixture->folder, 0777), ==, 0);
	check_refused(fixture, "may be changed by others; chmod go-w");
	g_assert_cmpint(g_chmod(fixture->folder, 01777), ==, 0); /* as /tmp */
	check_taken(fixture, 40, 10, TRUE);
}

static void test_owner(Fixture *fixture, gconstpointer data)
{
	if (geteuid() != 0) {
		g_test_skip("only root can give a file away");
		return;
	}
	put(fixture->file, "");
	g_assert_cmpint(chown(fixture->file, 65534, 65534), ==, 0);
	check_refused(fixture, "(mode 0644, owner 65534) does not belong to root; chown root:root '");
}

static void test_kinds(Fixture *fixture, gconstpointer data)
{
	g_autofree char *other = g_build_filename(fixture->folder, "other", NULL);

	put(other, "");
	g_assert_cmpint(symlink("other", fixture->file), ==, 0);
	check_refused(fixture, "hostler.conf is a symbolic link");
	g_assert_cmpint(g_remove(fixture->file), ==, 0);
	g_assert_cmpint(symlink("nowhere", fixture->file), ==, 0);
	check_refused(fixture, "hostler.conf is a symbolic link");
	g_assert_cmpint(g_remove(fixture->file), ==, 0);
	g_assert_cmpint(mkfifo(fixture->file, 0644), ==, 0);
	check_refused(fixture, "is no regular file"); /* and does not wait for a writer */
	g_assert_cmpint(g_remove(fixture->file), ==, 0);
	g_assert_cmpint(g_mkdir(fixture->file, 0755), ==, 0);
	check_refused(fixture, "is no regular file");
	g_assert_cmpint(g_rmdir(fixture->file), ==, 0);
	put(fixture->more, "[hooks]\ndeadline=30\n");
	check_refused(fixture, "hostler.conf.d is a symbolic link, or no folder");
}

static void test_size(Fixture *fixture, gconstpointer data)
{
	g_autofree char *comment = g_strnfill(1024 * 1024, '#');
	g_autofree char *more = g_strconcat(comment, "#", NULL);

	put(fixture->file, comment);
	check_taken(fixture, 20, 10, TRUE);
	put(fixture->file, more);
	check_refused(fixture, "is larger than 1 MiB");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*func)(Fixture *fixture, gconstpointer data);
	} tests[] = {
		{"/config/absent", test_absent}, {"/config/values", test_values}, {"/config/rtt", test_rtt},
		{"/config/loopback", test_loopback},
		{"/config/refused", test_refused},
		{"/config/nul", test_nul}, {"/config/more", test_more}, {"/config/more-alone", test_more_alone},
		{"/config/modes", test_modes}, {"/config/folder-modes", test_folder_modes},
		{"/config/owner", test_owner}, {"/config/paths", test_paths},
		{"/config/kinds", test_kinds}, {"/config/size", test_size},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);
	return g_test_run();
}
