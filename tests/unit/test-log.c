/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages: what the journal gets, what stderr gets without one, that stdout
 * gets nothing, and that nobody is waited for. */

#include "core/log.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PROGRAM "hostler-test"

typedef struct {
	char *folder;
	char *socket;
	int journal;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	fixture->folder = g_dir_make_tmp("hostler-log-XXXXXX", NULL);
	fixture->socket = g_build_filename(fixture->folder, "socket", NULL);
	g_strlcpy(address.sun_path, fixture->socket, sizeof(address.sun_path));
	fixture->journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	g_assert_cmpint(bind(fixture->journal, &address, sizeof(address)), ==, 0);
	hostler_log_use_journal(fixture->socket);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	close(fixture->journal);
	g_remove(fixture->socket);
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_free(fixture->socket);
	g_free(fixture->folder);
}

/* What `talk` writes to `fd`. */
static char *capture(int fd, void (*talk)(void))
{
	g_autofree char *path = NULL;
	char *text;
	int file = g_file_open_tmp("hostler-log-XXXXXX", &path, NULL);
	int saved = dup(fd);

	fflush(NULL);
	g_assert_cmpint(dup2(file, fd), ==, fd);
	talk();
	fflush(NULL);
	g_assert_cmpint(dup2(saved, fd), ==, fd);
	close(saved);
	close(file);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_remove(path);
	return text;
}

static void say_warning(void)
{
	static const HostlerSubject subject = {"web;$(id)\t%s", "c7a5fdbd-edaf-9455-926a-d65c16db1809",
			"0000:01:00.0"};

	hostler_log(G_LOG_LEVEL_WARNING, "vfio-device-busy", &subject, "busy: %s", "by %d");
}

static void say_all(void)
{
	hostler_log(G_LOG_LEVEL_DEBUG, "x", NULL, "debug");
	hostler_log(G_LOG_LEVEL_INFO, "x", NULL, "info");
	hostler_log(G_LOG_LEVEL_MESSAGE, NULL, NULL, "notice");
	hostler_log(G_LOG_LEVEL_WARNING, "x", NULL, "warning");
	hostler_log(G_LOG_LEVEL_CRITICAL, "x", NULL, "critical");
	g_log("other", G_LOG_LEVEL_INFO, "of a library");
	g_log(NULL, G_LOG_LEVEL_DEBUG, "debug of a library");
}

static void say_lines(void)
{
	hostler_log(G_LOG_LEVEL_WARNING, "x", NULL, "one\ntwo\x1b[2J\xff\nHOSTLER_CODE=forged");
}

static char *receive(const Fixture *fixture)
{
	const gsize room = 65536;
	g_autofree char *buffer = g_malloc0(room);

	return recv(fixture->journal, buffer, room - 1, 0) < 0 ? NULL : g_steal_pointer(&buffer);
}

static void test_journal(Fixture *fixture, gconstpointer data)
{
	g_autofree char *err = capture(STDERR_FILENO, say_warning);
	g_autofree char *datagram = receive(fixture);

	g_assert_cmpstr(err, ==, "");
	g_assert_cmpstr(datagram, ==,
			"MESSAGE=busy: by %d\nPRIORITY=4\nSYSLOG_IDENTIFIER=" PROGRAM "\nGLIB_DOMAIN=hostler\n"
			"HOSTLER_CODE=vfio-device-busy\nHOSTLER_VM=web;$(id)\t%s\n"
			"HOSTLER_UUID=c7a5fdbd-edaf-9455-926a-d65c16db1809\nHOSTLER_DEVICE=0000:01:00.0\n");
	g_assert_null(receive(fixture));
}

static void test_framing(Fixture *fixture, gconstpointer data)
{
	static const HostlerSubject subject = {.vm = "a\nHOSTLER_CODE=forged"};
	char buffer[1024];
	static const char expected[] = "HOSTLER_VM\n\x15\0\0\0\0\0\0\0a\nHOSTLER_CODE=forged\n";
	gssize length;

	hostler_log(G_LOG_LEVEL_INFO, "x", &subject, "hello");
	length = recv(fixture->journal, buffer, sizeof(buffer), 0);
	g_assert_cmpint(length, >, 0);
	g_assert_nonnull(memmem(buffer, (gsize)length, expected, sizeof(expected) - 1));
}

static void test_one_line(Fixture *fixture, gconstpointer data)
{
	g_autofree char *datagram = NULL;

	say_lines();
	datagram = receive(fixture);
	g_assert_true(g_str_has_prefix(datagram,
			"MESSAGE=one\\x0atwo\\x1b[2J\\xff\\x0aHOSTLER_CODE=forged\nPRIORITY=4\n"));
}

static void test_no_journal(Fixture *fixture, gconstpointer data)
{
	g_autofree char *err = NULL;
	g_autofree char *lines = NULL;

	hostler_log_use_journal("/nonexistent/socket");
	err = capture(STDERR_FILENO, say_all);
	g_assert_cmpstr(err, ==,
			PROGRAM ": info: info\n" PROGRAM ": notice: notice\n" PROGRAM ": warning: warning\n"
			PROGRAM ": error: critical\n" PROGRAM ": info: of a library\n");
	lines = capture(STDERR_FILENO, say_lines);
	g_assert_cmpstr(lines, ==, PROGRAM ": warning: one\\x0atwo\\x1b[2J\\xff\\x0aHOSTLER_CODE=forged\n");
}

/* libvirt shows a hook's stderr as the reason of a refusal: nothing else goes there. */
static void test_hook(Fixture *fixture, gconstpointer data)
{
	g_autofree char *err = NULL;
	g_autofree char *datagram = NULL;

	hostler_log_open(PROGRAM, HOSTLER_LOG_JOURNAL);
	say_warning();
	datagram = receive(fixture);
	g_assert_true(g_str_has_prefix(datagram, "MESSAGE=busy"));
	hostler_log_use_journal("/nonexistent/socket");
	err = capture(STDERR_FILENO, say_all);
	g_assert_cmpstr(err, ==, "");
	hostler_log_open(PROGRAM, HOSTLER_LOG_STDERR);
}

static void say_all_aside(void)
{
	g_free(capture(STDERR_FILENO, say_all));
}

static void test_stdout(Fixture *fixture, gconstpointer data)
{
	g_autofree char *out = capture(STDOUT_FILENO, say_all_aside);
	g_autofree char *without = NULL;

	g_assert_cmpstr(out, ==, "");
	hostler_log_use_journal("/nonexistent/socket");
	without = capture(STDOUT_FILENO, say_all_aside);
	g_assert_cmpstr(without, ==, "");
}

/* A journal that does not read fills up; then the message goes to stderr. */
static void test_full(Fixture *fixture, gconstpointer data)
{
	g_autofree char *err = NULL;
	guint i = 0;

	do {
		g_free(err);
		err = capture(STDERR_FILENO, say_warning);
	} while (err[0] == '\0' && i++ < 5000);
	g_assert_cmpstr(err, ==, PROGRAM ": warning: busy: by %d\n");
}

/* stderr is a pipe that is full, or one whose reader has died: libvirtd was killed. Who
 * waited there would never come back. */
static void test_stderr(Fixture *fixture, gconstpointer data)
{
	int full[2];
	int dead[2];
	int saved = dup(STDERR_FILENO);

	hostler_log_use_journal("/nonexistent/socket");
	g_assert_cmpint(pipe2(full, O_CLOEXEC | O_NONBLOCK), ==, 0);
	while (write(full[1], "x", 1) == 1)
		continue;
	g_assert_cmpint(fcntl(full[1], F_SETFL, 0), ==, 0);
	dup2(full[1], STDERR_FILENO);
	say_warning();
	g_assert_cmpint(pipe2(dead, O_CLOEXEC), ==, 0);
	close(dead[0]);
	dup2(dead[1], STDERR_FILENO);
	say_warning();
	dup2(saved, STDERR_FILENO);
	close(full[0]);
	close(full[1]);
	close(dead[1]);
	close(saved);
}

static void test_long(Fixture *fixture, gconstpointer data)
{
	g_autofree char *text = g_strnfill(1000000, 'x');
	HostlerSubject subject = {.vm = text};
	g_autofree char *datagram = NULL;

	hostler_log(G_LOG_LEVEL_WARNING, "x", &subject, "%s", text);
	datagram = receive(fixture);
	g_assert_nonnull(datagram);
	g_assert_cmpuint(strlen(datagram), <, 6000);
	g_assert_nonnull(strstr(datagram, "x…\nPRIORITY=4\n"));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*func)(Fixture *fixture, gconstpointer data);
	} tests[] = {
		{"/log/journal", test_journal}, {"/log/framing", test_framing}, {"/log/one-line", test_one_line},
		{"/log/no-journal", test_no_journal}, {"/log/stdout", test_stdout}, {"/log/full", test_full},
		{"/log/stderr", test_stderr}, {"/log/long", test_long}, {"/log/hook", test_hook},
	};

	g_test_init(&argc, &argv, NULL);
	g_log_set_default_handler(g_log_default_handler, NULL); /* g_test puts a comment on stdout */
	g_unsetenv("HOSTLER_DEBUG");
	hostler_log_open(PROGRAM, HOSTLER_LOG_STDERR);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);
	return g_test_run();
}
