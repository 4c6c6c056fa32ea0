/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who calls root when a QEMU has ended and nobody said so. */
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostler/log.h"
#include "metrics-stay.h"
#include "qemu-helpers/metrics/ends.h"
#include "tree.h"

#define LONGEST_SECONDS 20 /* to wait for what must come */

typedef struct {
	Tree tree;
	HostlerHost *host; /* the real one, but for its records */
	char *call; /* the file that wakes root */
	HostlerRecord *stay;
	pid_t qemu;
	Ends *ends;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *attention = NULL;

	tree_open(&fixture->tree);
	fixture->host = machine_open("", fixture->tree.root);
	attention = g_build_filename(fixture->host->run_dir, "attention", NULL);
	g_assert_cmpint(g_mkdir_with_parents(attention, 0700), ==, 0);
	fixture->call = g_build_filename(attention, STAY_UUID, NULL);
	fixture->qemu = fork();
	if (fixture->qemu == 0) {
		pause();
		_exit(0);
	}
	fixture->stay = make_stay(STAY_UUID, "web", 10);
	g_assert_true(fixture->host->ops->process_find(fixture->host, fixture->qemu, &fixture->stay->qemu));
	g_free(fixture->stay->boot);
	fixture->stay->boot = g_strdup(fixture->host->boot_id);
	g_assert_true(hostler_record_store(fixture->host, fixture->stay, &error));
	g_assert_no_error(error);
	fixture->ends = ends_new(fixture->host, 0);
}

static void end_qemu(const Fixture *fixture)
{
	kill(fixture->qemu, SIGKILL);
	waitpid(fixture->qemu, NULL, 0);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	end_qemu(fixture);
	ends_free(fixture->ends);
	hostler_record_free(fixture->stay);
	hostler_host_free(fixture->host);
	g_free(fixture->call);
	tree_close(&fixture->tree, NULL);
}

static gboolean is_called(const Fixture *fixture)
{
	return g_file_test(fixture->call, G_FILE_TEST_EXISTS);
}

static gboolean end_wait(gpointer over)
{
	*(gboolean *)over = TRUE;
	return G_SOURCE_REMOVE;
}

static void wait_for_call(const Fixture *fixture)
{
	gboolean over = FALSE;
	guint source = g_timeout_add_seconds(LONGEST_SECONDS, end_wait, &over);

	while (!over && !is_called(fixture))
		g_main_context_iteration(NULL, TRUE);
	g_assert_false(over);
	g_source_remove(source);
}

/* All that is due by now, and what follows from it. */
static void look_around(void)
{
	for (guint i = 0; i < 20; i++) {
		while (g_main_context_iteration(NULL, FALSE))
			;
		g_usleep(10 * 1000);
	}
}

static void test_ends(Fixture *fixture, gconstpointer data)
{
	ends_watch(fixture->ends, fixture->stay);
	ends_watch(fixture->ends, fixture->stay);
	look_around();
	g_assert_false(is_called(fixture));
	end_qemu(fixture);
	wait_for_call(fixture);
}

/* All was killed, and we are the first to be back. Root is called once. */
static void test_ended_before(Fixture *fixture, gconstpointer data)
{
	end_qemu(fixture);
	ends_watch(fixture->ends, fixture->stay);
	wait_for_call(fixture);
	g_assert_cmpint(g_unlink(fixture->call), ==, 0);
	ends_watch(fixture->ends, fixture->stay);
	look_around();
	g_assert_false(is_called(fixture));
}

static void test_said(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	ends_watch(fixture->ends, fixture->stay);
	fixture->stay->phase = HOSTLER_PHASE_ENDED;
	g_assert_true(hostler_record_store(fixture->host, fixture->stay, &error));
	end_qemu(fixture);
	look_around();
	g_assert_false(is_called(fixture));
}

/* Its pid is another process's by now. */
static void test_pid_came_round(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	fixture->stay->qemu.start--;
	g_assert_true(hostler_record_store(fixture->host, fixture->stay, &error));
	ends_watch(fixture->ends, fixture->stay);
	wait_for_call(fixture);
}

static gboolean find_no_process(HostlerHost *host, int pid, HostlerProcess *process)
{
	return FALSE;
}

/* Nobody is called because we may not see a QEMU that lives; its end is seen all the same. */
static void test_hidden(Fixture *fixture, gconstpointer data)
{
	static HostlerHostOps hiding;

	hiding = *fixture->host->ops;
	hiding.process_find = find_no_process;
	fixture->host->ops = &hiding;
	ends_watch(fixture->ends, fixture->stay);
	look_around();
	g_assert_false(is_called(fixture));
	end_qemu(fixture);
	wait_for_call(fixture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	hostler_log_open("test", HOSTLER_LOG_STDERR);
	g_test_add("/metrics-ends/ends", Fixture, NULL, set_up, test_ends, tear_down);
	g_test_add("/metrics-ends/ended-before", Fixture, NULL, set_up, test_ended_before, tear_down);
	g_test_add("/metrics-ends/said", Fixture, NULL, set_up, test_said, tear_down);
	g_test_add("/metrics-ends/pid-came-round", Fixture, NULL, set_up, test_pid_came_round, tear_down);
	g_test_add("/metrics-ends/hidden", Fixture, NULL, set_up, test_hidden, tear_down);
	return g_test_run();
}
