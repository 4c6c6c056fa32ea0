/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hostler-watch is woken by, each source whether or not the others are there. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "hostler/error.h"
#include "qemu-helpers/watch/sources.h"
#include "tree.h"

/* A machine whose sources are pipes; those that are -1 it does not have. */
typedef struct {
	HostlerHost host;
	HostlerHostOps ops;
	char *links;
	int leases[2], neighbours[2], rules[2];
	GPtrArray *said;
} World;

static World world;

static int open_source(const int *source, const char *what, GError **error)
{
	if (source[0] < 0)
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "cannot watch %s: Permission denied", what);
	return source[0] < 0 ? -1 : dup(source[0]);
}

static int leases_listen(HostlerHost *host, GError **error)
{
	return open_source(world.leases, "leases", error);
}

static int neighbours_listen(HostlerHost *host, GError **error)
{
	return open_source(world.neighbours, "neighbours", error);
}

static int nft_listen(HostlerHost *host, GError **error)
{
	return open_source(world.rules, "rules", error);
}

static gboolean neighbours_heard(HostlerHost *host, int fd, const char *const *guests)
{
	char byte;

	return read(fd, &byte, 1) == 1 && guests[0] != NULL;
}

static GLogWriterOutput hear(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
	for (gsize i = 0; i < n_fields; i++) {
		if (g_str_equal(fields[i].key, "MESSAGE"))
			g_ptr_array_add(world.said, g_strdup(fields[i].value));
	}
	return G_LOG_WRITER_HANDLED;
}

static void make_folder(const char *name)
{
	g_autofree char *path = g_build_filename(world.host.run_dir, name, NULL);

	g_assert_cmpint(g_mkdir_with_parents(path, 0755), ==, 0);
}

static void make_pipe(int pipes[2])
{
	g_assert_cmpint(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), ==, 0);
}

static void set_up(gboolean with_leases, gboolean with_neighbours)
{
	static const int none[2] = { -1, -1 };

	world = (World){ .said = g_ptr_array_new_with_free_func(g_free) };
	world.ops = (HostlerHostOps){ .leases_listen = leases_listen, .neighbours_listen = neighbours_listen,
				      .nft_listen = nft_listen, .neighbours_heard = neighbours_heard };
	world.host.ops = &world.ops;
	world.host.run_dir = g_dir_make_tmp("hostler-sources-XXXXXX", NULL);
	world.links = g_build_filename(world.host.run_dir, "watch", NULL);
	make_folder("watch");
	make_folder("vms");
	memcpy(world.leases, none, sizeof(none));
	memcpy(world.neighbours, none, sizeof(none));
	make_pipe(world.rules);
	if (with_leases)
		make_pipe(world.leases);
	if (with_neighbours)
		make_pipe(world.neighbours);
}

static void close_pipe(const int pipes[2])
{
	for (guint i = 0; i < 2; i++) {
		if (pipes[i] >= 0)
			close(pipes[i]);
	}
}

static void tear_down(Sources *sources)
{
	for (guint i = 0; i < N_SOURCES; i++) {
		if (sources->fds[i].fd >= 0)
			close(sources->fds[i].fd);
	}
	close_pipe(world.leases);
	close_pipe(world.neighbours);
	close_pipe(world.rules);
	tree_remove(world.host.run_dir);
	g_free(world.host.run_dir);
	g_free(world.links);
	g_ptr_array_unref(world.said);
}

static Sources open_sources(char **guests)
{
	g_autoptr(GError) error = NULL;
	Sources sources = { .guests = guests };

	g_assert_true(sources_open(&sources, &world.host, world.links, &error));
	g_assert_no_error(error);
	return sources;
}

static gboolean wakes(Sources *sources, const int *pipes)
{
	gboolean ends = FALSE;
	gboolean woken;

	g_assert_cmpint(write(pipes[1], "x", 1), ==, 1);
	woken = sources_wait(sources, 60 * 1000, &ends);
	g_assert_false(ends);
	g_assert_false(sources_wait(sources, 0, &ends));
	return woken;
}

static char mac[] = "52:54:00:00:22:10";
static char *floating[] = { mac, NULL };

static void test_all(void)
{
	Sources sources;

	set_up(TRUE, TRUE);
	sources = open_sources(floating);
	g_assert_true(wakes(&sources, world.rules));
	g_assert_true(wakes(&sources, world.leases));
	g_assert_true(wakes(&sources, world.neighbours));
	g_assert_cmpuint(world.said->len, ==, 0);
	tear_down(&sources);
}

static void test_no_leases(void)
{
	Sources sources;

	set_up(FALSE, TRUE);
	sources = open_sources(floating);
	g_assert_true(wakes(&sources, world.neighbours));
	g_assert_true(wakes(&sources, world.rules));
	g_assert_cmpuint(world.said->len, ==, 1);
	g_assert_nonnull(strstr(world.said->pdata[0], "cannot watch leases"));
	tear_down(&sources);
}

static void test_no_neighbours(void)
{
	Sources sources;

	set_up(TRUE, FALSE);
	sources = open_sources(floating);
	g_assert_true(wakes(&sources, world.leases));
	g_assert_cmpuint(world.said->len, ==, 1);
	g_assert_nonnull(strstr(world.said->pdata[0], "cannot watch neighbours"));
	tear_down(&sources);
}

static void test_neither(void)
{
	Sources sources;

	set_up(FALSE, FALSE);
	sources = open_sources(floating);
	g_assert_true(wakes(&sources, world.rules));
	g_assert_cmpuint(world.said->len, ==, 2);
	tear_down(&sources);
}

/* All guests have reserved addresses: what is leased to others is no reason, and read dry all the same. */
static void test_nobody_floats(void)
{
	Sources sources;

	set_up(TRUE, TRUE);
	sources = open_sources(NULL);
	g_assert_false(wakes(&sources, world.leases));
	g_assert_false(wakes(&sources, world.neighbours));
	tear_down(&sources);
}

static void test_files(void)
{
	g_autofree char *stay = NULL;
	Sources sources;
	gboolean ends = FALSE;

	set_up(TRUE, TRUE);
	sources = open_sources(NULL);
	stay = g_build_filename(world.host.run_dir, "vms", "11111111-0000-0000-0000-000000000001", NULL);
	g_assert_true(g_file_set_contents(stay, "", -1, NULL));
	g_assert_true(sources_wait(&sources, 60 * 1000, &ends));
	g_assert_false(ends);
	tear_down(&sources);
}

/* Without the rules there is nothing to heal by, and without the links nobody to heal for. */
static void test_cannot_begin(void)
{
	g_autoptr(GError) error = NULL;
	Sources sources = { 0 };

	set_up(TRUE, TRUE);
	close_pipe(world.rules);
	world.rules[0] = world.rules[1] = -1;
	g_assert_false(sources_open(&sources, &world.host, world.links, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST);
	tear_down(&sources);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(hear, NULL, NULL);
	g_test_add_func("/watch-sources/all", test_all);
	g_test_add_func("/watch-sources/no-leases", test_no_leases);
	g_test_add_func("/watch-sources/no-neighbours", test_no_neighbours);
	g_test_add_func("/watch-sources/neither", test_neither);
	g_test_add_func("/watch-sources/nobody-floats", test_nobody_floats);
	g_test_add_func("/watch-sources/files", test_files);
	g_test_add_func("/watch-sources/cannot-begin", test_cannot_begin);
	return g_test_run();
}
