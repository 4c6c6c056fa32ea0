/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A killed run leaves on disk what was there at that moment. */
#include "model.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef void (*Each)(const char *path, const char *name, gpointer data);

static void each_name(const char *path, Each each, gpointer data)
{
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL)
		each(path, name, data);
}

static void remove_one(const char *path, const char *name, gpointer data)
{
	g_autofree char *child = g_build_filename(path, name, NULL);

	fake_disk_remove(child);
}

void fake_disk_remove(const char *path)
{
	if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK))
		each_name(path, remove_one, NULL);
	g_remove(path);
}

static void copy_file(const char *from, const char *to)
{
	g_autofree char *target = g_file_read_link(from, NULL);
	g_autofree char *bytes = NULL;
	gsize length;

	if (target != NULL)
		g_assert_cmpint(symlink(target, to), ==, 0);
	else if (g_file_get_contents(from, &bytes, &length, NULL))
		g_assert_true(g_file_set_contents_full(to, bytes, (gssize)length, G_FILE_SET_CONTENTS_NONE, 0600,
						       NULL));
}

/* Folders stay the ones they are: somebody may hold a lock on one. */
static void copy_one(const char *path, const char *name, gpointer data)
{
	g_autofree char *from = g_build_filename(path, name, NULL);
	g_autofree char *to = g_build_filename(data, name, NULL);

	if (g_file_test(from, G_FILE_TEST_IS_SYMLINK) || !g_file_test(from, G_FILE_TEST_IS_DIR)) {
		copy_file(from, to);
		return;
	}
	g_mkdir(to, 0700);
	each_name(from, copy_one, to);
}

static void empty_one(const char *path, const char *name, gpointer data)
{
	g_autofree char *child = g_build_filename(path, name, NULL);

	if (!g_file_test(child, G_FILE_TEST_IS_SYMLINK) && g_file_test(child, G_FILE_TEST_IS_DIR))
		each_name(child, empty_one, NULL);
	else if (!g_str_equal(name, "lock"))
		g_remove(child);
}

static char *kept_path(FakeHost *fake)
{
	return g_build_filename(fake->folder, "kept", NULL);
}

void fake_disk_keep(FakeHost *fake)
{
	g_autofree char *kept = kept_path(fake);

	g_mkdir(kept, 0700);
	each_name(fake->host.run_dir, copy_one, kept);
}

void fake_disk_restore(FakeHost *fake)
{
	g_autofree char *kept = kept_path(fake);

	each_name(fake->host.run_dir, empty_one, NULL);
	each_name(kept, copy_one, fake->host.run_dir);
	fake_disk_remove(kept);
}
