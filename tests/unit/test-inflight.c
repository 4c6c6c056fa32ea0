/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has a device in flight, and who has had it so long that it is not waited for. */
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostler/error.h"
#include "host/inflight.h"
#include "host/machine.h"
#include "tree.h"

#define BDF "0000:01:00.0"
#define NOBODY 4194305 /* a pid beyond what Linux gives */
#define MOMENT_MICROSECONDS (100 * 1000) /* far below what a moment may last */
#define LONG_SECONDS 10                  /* and far beyond */

typedef struct {
	HostlerHost *host;
	char *folder;
	char *path;
	gint64 now;    /* of CLOCK_MONOTONIC */
	pid_t sleeper; /* in whose name the lock is held: one that asks itself runs */
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	g_autofree char *run_dir = NULL;
	g_autofree char *devices = NULL;

	fixture->folder = g_dir_make_tmp("hostler-inflight-XXXXXX", NULL);
	run_dir = g_build_filename(fixture->folder, "run", NULL);
	devices = g_build_filename(run_dir, "devices", NULL);
	g_assert_cmpint(g_mkdir_with_parents(devices, 0700), ==, 0);
	fixture->host = machine_open("", run_dir);
	fixture->path = g_build_filename(devices, BDF ".inflight", NULL);
	fixture->now = g_get_monotonic_time();
	fixture->sleeper = fork();
	while (fixture->sleeper == 0)
		pause();
	g_assert_cmpint(fixture->sleeper, >, 0);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	kill(fixture->sleeper, SIGKILL);
	g_assert_cmpint(waitpid(fixture->sleeper, NULL, 0), ==, fixture->sleeper);
	hostler_host_free(fixture->host);
	tree_remove(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->path);
}

static gint64 seconds_ago(gint64 seconds)
{
	return g_get_real_time() / G_USEC_PER_SEC - seconds;
}

/* The lock with this in its file, as if its holder had written it. */
static int hold(const Fixture *fixture, const char *format, ...) G_GNUC_PRINTF(2, 3);

static int hold(const Fixture *fixture, const char *format, ...)
{
	g_autofree char *line = NULL;
	va_list arguments;
	int fd;

	va_start(arguments, format);
	line = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_assert_true(g_file_set_contents(fixture->path, line, -1, NULL));
	fd = open(fixture->path, O_RDWR | O_CLOEXEC);
	g_assert_cmpint(flock(fd, LOCK_EX | LOCK_NB), ==, 0);
	return fd;
}

/* Another process asks; the holder lets go a moment later. Whether the other one got it. */
static gboolean gets_it(const Fixture *fixture, int held)
{
	int status = 0;
	pid_t asker = fork();

	if (asker == 0) {
		close(held);
		_exit(inflight_take(fixture->host, BDF, NULL) >= 0 ? 0 : 1);
	}
	g_assert_cmpint(asker, >, 0);
	g_usleep(MOMENT_MICROSECONDS);
	close(held);
	g_assert_cmpint(waitpid(asker, &status, 0), ==, asker);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void assert_stuck(const Fixture *fixture, int held, const char *part)
{
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(inflight_take(fixture->host, BDF, &error), ==, -1);
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_STUCK);
	g_assert_nonnull(strstr(error->message, part));
	g_assert_true(inflight_held(fixture->host, BDF));
	close(held);
	g_assert_false(inflight_held(fixture->host, BDF));
	g_assert_false(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
}

/* --- who signed --- */

/* Its clock is that of all processes, and the rest is what an older hostler reads. */
static void test_signature(Fixture *fixture, gconstpointer data)
{
	g_autofree char *line = NULL;
	gint64 since = 0, begun = 0;
	int pid = 0;
	int fd = inflight_take(fixture->host, BDF, NULL);

	g_assert_cmpint(fd, >=, 0);
	g_assert_true(g_file_get_contents(fixture->path, &line, NULL, NULL));
	g_assert_cmpint(sscanf(line, "%d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", &pid, &since, &begun), ==, 3);
	g_assert_cmpint(pid, ==, getpid());
	g_assert_cmpint(since, >=, seconds_ago(3600));
	g_assert_cmpint(begun, >=, fixture->now);
	g_assert_cmpint(begun, <=, g_get_monotonic_time());
	inflight_drop(fixture->host, BDF, fd);
	g_assert_false(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
}

static void test_long(Fixture *fixture, gconstpointer data)
{
	g_autofree char *who = g_strdup_printf("(pid %d, since 2", fixture->sleeper);
	int fd = hold(fixture, "%d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", fixture->sleeper, seconds_ago(0),
		      fixture->now - LONG_SECONDS * G_USEC_PER_SEC);

	assert_stuck(fixture, fd, who);
}

static void test_moment(Fixture *fixture, gconstpointer data)
{
	int fd = hold(fixture, "%d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", fixture->sleeper, seconds_ago(0),
		      fixture->now);

	g_assert_true(gets_it(fixture, fd));
}

/* Someone sets the clock, or the host has slept. */
static void test_clock_set(Fixture *fixture, gconstpointer data)
{
	static const gint64 steps[] = { 3600, -3600 };

	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
		int fd = hold(fixture, "%d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", fixture->sleeper,
			      seconds_ago(steps[i]), g_get_monotonic_time());

		g_assert_true(gets_it(fixture, fd));
	}
}

/* The clock of another time namespace tells nothing. */
static void test_clock_ahead(Fixture *fixture, gconstpointer data)
{
	int fd = hold(fixture, "%d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", fixture->sleeper, seconds_ago(0),
		      fixture->now + 60 * G_USEC_PER_SEC);

	g_assert_true(gets_it(fixture, fd));
}

/* --- what is not the holder's --- */

/* Somebody was killed and left the file; who has it now did not come to sign it yet. */
static void test_left_signature(Fixture *fixture, gconstpointer data)
{
	int fd = hold(fixture, "%d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", NOBODY, seconds_ago(LONG_SECONDS),
		      fixture->now - LONG_SECONDS * G_USEC_PER_SEC);

	g_assert_true(gets_it(fixture, fd));
}

static void test_no_signature(Fixture *fixture, gconstpointer data)
{
	static const char *const lines[] = { "", "\n", "x", "1", "-1 -1 -1", "99999999999999999999 1 1" };

	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
		g_assert_true(gets_it(fixture, hold(fixture, "%s", lines[i])));
}

static void spin(const Fixture *fixture, volatile gint *holds) G_GNUC_NORETURN;

static void spin(const Fixture *fixture, volatile gint *holds)
{
	int fd = hold(fixture, "%d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", getpid(), seconds_ago(LONG_SECONDS),
		      fixture->now - LONG_SECONDS * G_USEC_PER_SEC);
	gint64 end = g_get_monotonic_time() + MOMENT_MICROSECONDS;

	g_atomic_int_set(holds, 1);
	while (g_get_monotonic_time() < end)
		;
	close(fd);
	_exit(0);
}

/* On a host that is short of CPU: it runs, or would if it could, so the kernel does not keep it. */
static void test_short_of_cpu(Fixture *fixture, gconstpointer data)
{
	volatile gint *holds = mmap(NULL, sizeof(*holds), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	g_autoptr(GError) error = NULL;
	pid_t holder = fork();
	int fd;

	if (holder == 0)
		spin(fixture, holds);
	g_assert_cmpint(holder, >, 0);
	while (g_atomic_int_get(holds) == 0)
		g_usleep(1000);
	fd = inflight_take(fixture->host, BDF, &error);
	g_assert_no_error(error);
	g_assert_cmpint(fd, >=, 0);
	inflight_drop(fixture->host, BDF, fd);
	g_assert_cmpint(waitpid(holder, NULL, 0), ==, holder);
	munmap((void *)holds, sizeof(*holds));
}

/* --- signed by a hostler of before, while its job is out --- */

static void test_older(Fixture *fixture, gconstpointer data)
{
	g_autofree char *who = g_strdup_printf("(pid %d, since 2", fixture->sleeper);

	g_assert_true(gets_it(fixture, hold(fixture, "%d %" G_GINT64_FORMAT "\n", fixture->sleeper, seconds_ago(0))));
	assert_stuck(fixture, hold(fixture, "%d %" G_GINT64_FORMAT "\n", fixture->sleeper, seconds_ago(LONG_SECONDS)),
		     who);
}

static void add(const char *path, void (*test)(Fixture *, gconstpointer))
{
	g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("/inflight/signature", test_signature);
	add("/inflight/long", test_long);
	add("/inflight/moment", test_moment);
	add("/inflight/clock-set", test_clock_set);
	add("/inflight/clock-ahead", test_clock_ahead);
	add("/inflight/left-signature", test_left_signature);
	add("/inflight/no-signature", test_no_signature);
	add("/inflight/short-of-cpu", test_short_of_cpu);
	add("/inflight/older", test_older);
	return g_test_run();
}
