/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's files of leases as the machine has them: missing, there, and what cannot be read. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler/error.h"
#include "host/machine.h"
#include "tree.h"

#define FOLDER "/var/lib/libvirt/dnsmasq"
#define LONGEST ((gsize)8 * 1024 * 1024)

typedef struct {
	HostlerHost *host;
	char *root;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	g_autofree char *run_dir = NULL;

	fixture->root = g_dir_make_tmp("hostler-leases-XXXXXX", NULL);
	run_dir = g_build_filename(fixture->root, "run", NULL);
	fixture->host = machine_open(fixture->root, run_dir);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	hostler_host_free(fixture->host);
	tree_remove(fixture->root);
	g_free(fixture->root);
}

static char *path_of(const Fixture *fixture, const char *name)
{
	g_autofree char *folder = machine_path(fixture->host, FOLDER, NULL);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
	return g_build_filename(folder, name, NULL);
}

static char *read_virbr0(const Fixture *fixture, gsize *length, GError **error)
{
	return fixture->host->ops->lease_text(fixture->host, "virbr0", length, error);
}

static void test_none(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	gsize length = 0;

	g_assert_null(read_virbr0(fixture, &length, &error));
	g_assert_no_error(error);
	g_free(path_of(fixture, ""));
	g_assert_null(read_virbr0(fixture, &length, &error));
	g_assert_no_error(error);
}

static void test_longest(Fixture *fixture, gconstpointer data)
{
	g_autofree char *path = path_of(fixture, "virbr0.status");
	g_autofree char *spaces = g_strnfill(LONGEST, ' ');
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	gsize length = 0;

	g_assert_true(g_file_set_contents(path, spaces, -1, NULL));
	text = read_virbr0(fixture, &length, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(length, ==, LONGEST);
}

/* Not as if there were none: the file, and what to do, in one line. */
static void test_too_long(Fixture *fixture, gconstpointer data)
{
	g_autofree char *path = path_of(fixture, "virbr0.status");
	g_autoptr(GError) error = NULL;
	gsize length = 0;

	g_assert_true(g_file_set_contents(path, "[]", -1, NULL));
	g_assert_cmpint(truncate(path, (off_t)LONGEST + 1), ==, 0);
	g_assert_null(read_virbr0(fixture, &length, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD);
	g_assert_nonnull(strstr(error->message, path));
	g_assert_nonnull(strstr(error->message, "longer than 8 MiB"));
	g_assert_nonnull(strstr(error->message, "virsh net-edit"));
	g_assert_null(strchr(error->message, '\n'));
}

/* Only root reads what nobody may. */
static void test_shut(Fixture *fixture, gconstpointer data)
{
	g_autofree char *path = path_of(fixture, "virbr0.status");
	g_autoptr(GError) error = NULL;
	uid_t user = geteuid();
	char *text;
	gsize length = 0;

	g_assert_true(g_file_set_contents(path, "[]", -1, NULL));
	g_assert_cmpint(chmod(path, 0), ==, 0);
	if (user == 0)
		g_assert_cmpint(seteuid(65534), ==, 0);
	text = read_virbr0(fixture, &length, &error);
	if (user == 0)
		g_assert_cmpint(seteuid(0), ==, 0);
	g_assert_null(text);
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST);
	g_assert_nonnull(strstr(error->message, "Permission denied; user hostler has to be let: namei -l "));
}

/* In the place of the file, where it would be waited for. */
static void test_fifo(Fixture *fixture, gconstpointer data)
{
	g_autofree char *path = path_of(fixture, "virbr0.status");
	g_autoptr(GError) error = NULL;
	gsize length = 0;

	g_assert_cmpint(mkfifo(path, 0644), ==, 0);
	g_assert_null(read_virbr0(fixture, &length, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST);
	g_assert_nonnull(strstr(error->message, path));
}

static void test_listen(Fixture *fixture, gconstpointer data)
{
	g_autofree char *path = path_of(fixture, "virbr0.status");
	g_autoptr(GError) error = NULL;
	struct pollfd readable = { .events = POLLIN };

	readable.fd = fixture->host->ops->leases_listen(fixture->host, &error);
	g_assert_no_error(error);
	g_assert_cmpint(poll(&readable, 1, 0), ==, 0);
	g_assert_true(g_file_set_contents(path, "[]", -1, NULL));
	g_assert_cmpint(poll(&readable, 1, 60 * 1000), ==, 1);
	close(readable.fd);
}

static void add(const char *path, void (*test)(Fixture *, gconstpointer))
{
	g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("/leases/none", test_none);
	add("/leases/longest", test_longest);
	add("/leases/too-long", test_too_long);
	add("/leases/shut", test_shut);
	add("/leases/fifo", test_fifo);
	add("/leases/listen", test_listen);
	return g_test_run();
}
