/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which QEMU's end hostler-metrics calls root for. Two stays, and the calls for both would come in the same ten
 * seconds: of one QEMU lives, of the other the pid is another process's by now. */
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/machine.h"
#include "metrics-stay.h"
#include "qemu-helpers/metrics/ends.h"

#define LIVES "6f30cf5b-0000-4000-8000-000000000001"
#define CAME_ROUND "6f30cf5b-0000-4000-8000-000000000002"
#define LIMIT_SECONDS 100 /* that no sound run meets */

typedef struct {
	char *folder;
	HostlerHost *host;
	pid_t process;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	g_autofree char *attention = NULL;

	fixture->folder = g_dir_make_tmp("hostler-ends-XXXXXX", NULL);
	fixture->host = machine_open("", fixture->folder);
	attention = g_build_filename(fixture->folder, "attention", NULL);
	fixture->process = fork();
	if (fixture->process == 0) {
		pause();
		_exit(0);
	}
	g_assert_cmpint(g_mkdir(attention, 0700), ==, 0);
}

static void remove_below(const char *path)
{
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		remove_below(child);
	}
	g_remove(path);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	kill(fixture->process, SIGKILL);
	g_assert_cmpint(waitpid(fixture->process, NULL, 0), ==, fixture->process);
	hostler_host_free(fixture->host);
	remove_below(fixture->folder);
	g_free(fixture->folder);
}

static void watch(const Fixture *fixture, Ends *ends, const char *uuid, guint64 earlier)
{
	g_autoptr(HostlerRecord) stay = make_stay(uuid, "vm", 10);
	g_autoptr(GError) error = NULL;

	g_free(stay->boot);
	stay->boot = g_strdup(fixture->host->boot_id);
	g_assert_true(fixture->host->ops->process_find(fixture->host, fixture->process, &stay->qemu));
	stay->qemu.start -= earlier;
	hostler_record_store(fixture->host, stay, &error);
	g_assert_no_error(error);
	ends_watch(ends, stay);
}

static gboolean is_called_for(const Fixture *fixture, const char *uuid)
{
	g_autofree char *path = g_build_filename(fixture->folder, "attention", uuid, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void wait_for_call(const Fixture *fixture, const char *uuid)
{
	for (int i = 0; !is_called_for(fixture, uuid) && i < LIMIT_SECONDS * 20; i++) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(50 * 1000);
	}
	g_assert_true(is_called_for(fixture, uuid));
}

static void test_pid_came_round(Fixture *fixture, gconstpointer data)
{
	g_autoptr(Ends) ends = ends_new(fixture->host);

	watch(fixture, ends, LIVES, 0);
	watch(fixture, ends, CAME_ROUND, 1);
	wait_for_call(fixture, CAME_ROUND);
	g_assert_false(is_called_for(fixture, LIVES));
}

static void test_dies(Fixture *fixture, gconstpointer data)
{
	g_autoptr(Ends) ends = ends_new(fixture->host);

	watch(fixture, ends, LIVES, 0);
	kill(fixture->process, SIGKILL);
	wait_for_call(fixture, LIVES);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/metrics/ends/pid-came-round", Fixture, NULL, set_up, test_pid_came_round, tear_down);
	g_test_add("/metrics/ends/dies", Fixture, NULL, set_up, test_dies, tear_down);
	return g_test_run();
}
