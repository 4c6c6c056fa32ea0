/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks: one holder, bounded waiting, all or none, nothing left behind. */
#include "hostler/lock.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/reach.h"
#include "host/machine.h"
#include "hostler/error.h"
#include "hostler/record.h"

#define A "0000:01:00.0"
#define B "0000:01:00.1"
#define UUID "11111111-2222-3333-4444-555555555555"
#define OTHER "22222222-2222-3333-4444-555555555555"

typedef struct {
	char *folder;
	HostlerHost *host;
} Fixture;

static void set_deadline(Fixture *fixture, gint64 milliseconds)
{
	fixture->host->deadline = fixture->host->ops->monotonic(fixture->host) + milliseconds * 1000;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *run_dir = NULL;

	fixture->folder = g_dir_make_tmp("hostler-lock-XXXXXX", &error);
	g_assert_no_error(error);
	run_dir = g_build_filename(fixture->folder, "run", NULL);
	fixture->host = machine_open("", run_dir);
	set_deadline(fixture, 5000);
}

static guint count_files(Fixture *fixture)
{
	g_autofree char *path = g_build_filename(fixture->host->run_dir, "locks", NULL);
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	guint n = 0;

	while (folder != NULL && g_dir_read_name(folder) != NULL)
		n++;
	return n;
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	const char *argv[] = { "/bin/rm", "-rf", fixture->folder, NULL };

	g_assert_cmpuint(count_files(fixture), ==, 0);
	hostler_host_free(fixture->host);
	g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, NULL, NULL);
	g_free(fixture->folder);
}

static void test_one_holder(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	HostlerLock *lock = hostler_lock_try(fixture->host, A, &error);

	g_assert_nonnull(lock);
	g_assert_null(hostler_lock_try(fixture->host, A, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(count_files(fixture), ==, 1);
	hostler_lock_release(lock);
	lock = hostler_lock_try(fixture->host, A, &error);
	g_assert_nonnull(lock);
	hostler_lock_release(lock);
}

static void test_deadline_names_the_holder(Fixture *fixture, gconstpointer data)
{
	g_autoptr(HostlerLock) lock G_GNUC_UNUSED = hostler_lock_try(fixture->host, UUID, NULL);
	g_autofree char *pid = g_strdup_printf("(pid %d)", getpid());
	g_autoptr(GError) error = NULL;

	set_deadline(fixture, 50);
	g_assert_null(hostler_lock_wait(fixture->host, UUID, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE);
	g_assert_nonnull(g_strstr_len(error->message, -1, pid));
}

/* Holds A from before it answers on the pipe until it is killed or told to go. */
static pid_t start_holder(Fixture *fixture, int milliseconds)
{
	int ready[2];
	char byte;
	pid_t pid;

	g_assert_cmpint(pipe(ready), ==, 0);
	pid = fork();
	if (pid == 0) {
		HostlerLock *lock = hostler_lock_try(fixture->host, A, NULL);

		if (lock == NULL || write(ready[1], "", 1) != 1)
			_exit(1);
		g_usleep((gulong)milliseconds * 1000);
		hostler_lock_release(lock);
		_exit(0);
	}
	g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end_holder(pid_t pid)
{
	g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

static void test_waits_for_the_other(Fixture *fixture, gconstpointer data)
{
	pid_t pid = start_holder(fixture, 100);
	g_autoptr(GError) error = NULL;
	HostlerLock *lock = hostler_lock_wait(fixture->host, A, &error);

	g_assert_no_error(error);
	g_assert_nonnull(lock);
	hostler_lock_release(lock);
	end_holder(pid);
}

static void test_killed_holder_leaves_nothing(Fixture *fixture, gconstpointer data)
{
	pid_t pid = start_holder(fixture, 60 * 1000);

	hostler_locks_tidy(fixture->host);
	g_assert_cmpuint(count_files(fixture), ==, 1);
	kill(pid, SIGKILL);
	end_holder(pid);
	hostler_locks_tidy(fixture->host);
	g_assert_cmpuint(count_files(fixture), ==, 0);
}

static GPtrArray *both(void)
{
	GPtrArray *bdfs = g_ptr_array_new();

	g_ptr_array_add(bdfs, (char *)A);
	g_ptr_array_add(bdfs, (char *)B);
	return bdfs;
}

static void test_all_or_none(Fixture *fixture, gconstpointer data)
{
	g_autoptr(HostlerLock) held G_GNUC_UNUSED = hostler_lock_try(fixture->host, B, NULL);
	g_autoptr(GPtrArray) bdfs = both();
	g_autoptr(GError) error = NULL;
	HostlerLock *free_one;

	set_deadline(fixture, 50);
	g_assert_null(hostler_locks_wait(fixture->host, bdfs, UUID, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE);
	g_assert_nonnull(g_strstr_len(error->message, -1, B));
	free_one = hostler_lock_try(fixture->host, A, NULL);
	g_assert_nonnull(free_one);
	hostler_lock_release(free_one);
}

/* Who cannot have the device in any case is told so at once. */
static void test_claimed_is_not_waited_for(Fixture *fixture, gconstpointer data)
{
	g_autoptr(HostlerLock) held G_GNUC_UNUSED = hostler_lock_try(fixture->host, B, NULL);
	g_autoptr(HostlerRecord) claim = hostler_record_new(fixture->host, HOSTLER_RECORD_CLAIM, B, OTHER, "first");
	g_autoptr(GPtrArray) bdfs = both();
	gint64 begun = fixture->host->ops->monotonic(fixture->host);
	g_autoptr(GError) error = NULL;

	fixture->host->ops->process_find(fixture->host, getpid(), &claim->caller);
	g_assert_true(hostler_record_store(fixture->host, claim, &error));
	set_deadline(fixture, 60 * 1000);
	g_assert_null(hostler_locks_wait(fixture->host, bdfs, UUID, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_CLAIMED);
	g_assert_nonnull(g_strstr_len(error->message, -1, "'first'"));
	g_assert_cmpint(fixture->host->ops->monotonic(fixture->host) - begun, <, 30 * G_USEC_PER_SEC);
}

static void store_claim(Fixture *fixture, const char *bdf, const char *uuid)
{
	g_autoptr(HostlerRecord) claim = hostler_record_new(fixture->host, HOSTLER_RECORD_CLAIM, bdf, uuid, "vm");
	g_autoptr(GError) error = NULL;

	fixture->host->ops->process_find(fixture->host, getpid(), &claim->caller);
	hostler_record_store(fixture->host, claim, &error);
	g_assert_no_error(error);
}

/* Has A locked until it is killed, and takes it over meanwhile. */
static pid_t start_taker(Fixture *fixture)
{
	int ready[2];
	char byte;
	pid_t pid;

	g_assert_cmpint(pipe(ready), ==, 0);
	pid = fork();
	if (pid == 0) {
		if (hostler_lock_try(fixture->host, A, NULL) == NULL || write(ready[1], "", 1) != 1)
			_exit(1);
		g_usleep(100 * 1000);
		store_claim(fixture, A, OTHER);
		g_usleep(60 * G_USEC_PER_SEC);
		_exit(0);
	}
	g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

/* A release has the rest to return. */
static void test_taken_over_while_waited_for(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GPtrArray) locks = NULL;
	g_autoptr(GError) error = NULL;
	pid_t pid;

	store_claim(fixture, A, UUID);
	store_claim(fixture, B, UUID);
	pid = start_taker(fixture);
	locks = reach_lock_claimed(fixture->host, UUID, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(locks->len, ==, 1);
	g_assert_null(hostler_lock_try(fixture->host, B, NULL));
	kill(pid, SIGKILL);
	end_holder(pid);
	hostler_locks_tidy(fixture->host);
}

/* What an earlier run of this VM left is taken back with the rest if it is refused. */
static void test_leftovers_are_locked_too(Fixture *fixture, gconstpointer data)
{
	static const char xml[] = "<domain><name>vm</name><uuid>" UUID "</uuid></domain>";
	g_autoptr(HostlerDomain) domain = hostler_domain_from_xml(xml, strlen(xml), NULL);
	g_autoptr(GPtrArray) locks = NULL;
	g_autoptr(GError) error = NULL;

	store_claim(fixture, A, OTHER);
	store_claim(fixture, B, UUID);
	locks = reach_lock(fixture->host, domain, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(locks->len, ==, 1);
	g_assert_null(hostler_lock_try(fixture->host, B, NULL));
}

static void test_firewalls_file_stays(Fixture *fixture, gconstpointer data)
{
	g_autofree char *path = g_build_filename(fixture->host->run_dir, "lock", NULL);
	g_autoptr(GError) error = NULL;
	HostlerLock *lock = hostler_lock_firewall(fixture->host, &error);

	g_assert_no_error(error);
	hostler_lock_release(lock);
	g_assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
}

/* hostler-watch has this file as well, and is not trusted with root's words. */
static void test_firewalls_holder_is_a_number(Fixture *fixture, gconstpointer data)
{
	g_autoptr(HostlerLock) lock G_GNUC_UNUSED = hostler_lock_firewall(fixture->host, NULL);
	g_autofree char *path = g_build_filename(fixture->host->run_dir, "lock", NULL);
	g_autoptr(GError) error = NULL;

	set_deadline(fixture, 0);
	g_assert_true(g_file_set_contents_full(path, "\x1b[31m1", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
	g_assert_null(hostler_lock_firewall(fixture->host, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE);
	g_assert_nonnull(strstr(error->message, "(pid unknown)"));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(Fixture *, gconstpointer);
	} tests[] = {
		{ "/lock/one-holder", test_one_holder },
		{ "/lock/deadline-names-the-holder", test_deadline_names_the_holder },
		{ "/lock/waits-for-the-other", test_waits_for_the_other },
		{ "/lock/killed-holder-leaves-nothing", test_killed_holder_leaves_nothing },
		{ "/lock/all-or-none", test_all_or_none },
		{ "/lock/claimed-is-not-waited-for", test_claimed_is_not_waited_for },
		{ "/lock/taken-over-while-waited-for", test_taken_over_while_waited_for },
		{ "/lock/leftovers-are-locked-too", test_leftovers_are_locked_too },
		{ "/lock/firewalls-file-stays", test_firewalls_file_stays },
		{ "/lock/firewalls-holder-is-a-number", test_firewalls_holder_is_a_number },
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
