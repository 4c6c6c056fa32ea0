/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

void tree_open(Tree *tree)
{
	/* Helpers run as other users, and whoever runs the tests may keep his files to himself. */
	umask(022);
	tree->root = g_dir_make_tmp("hostler-tree-XXXXXX", NULL);
	g_assert_nonnull(tree->root);
	g_assert_cmpint(g_chmod(tree->root, 0755), ==, 0);
	tree->host = machine_open(tree->root, "/nonexistent");
}

void tree_remove(const char *path)
{
	g_autoptr(GDir) folder = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		tree_remove(child);
	}
	g_remove(path);
}

void tree_close(Tree *tree, gconstpointer data)
{
	hostler_host_free(tree->host);
	tree_remove(tree->root);
	g_free(tree->root);
}

char *tree_path(const Tree *tree, const char *path)
{
	return g_build_filename(tree->root, path, NULL);
}

void tree_folder(const Tree *tree, const char *path)
{
	g_autofree char *folder = tree_path(tree, path);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
}

static char *place(const Tree *tree, const char *path)
{
	g_autofree char *folder = g_path_get_dirname(path);

	tree_folder(tree, folder);
	return tree_path(tree, path);
}

void tree_bytes(const Tree *tree, const char *path, const char *bytes, gssize length)
{
	g_autofree char *file = place(tree, path);

	g_assert_true(g_file_set_contents(file, bytes, length, NULL));
}

void tree_file(const Tree *tree, const char *path, const char *text)
{
	tree_bytes(tree, path, text, -1);
}

void tree_program(const Tree *tree, const char *path, const char *script)
{
	g_autofree char *file = tree_path(tree, path);

	tree_file(tree, path, script);
	g_assert_cmpint(g_chmod(file, 0755), ==, 0);
}

void tree_link(const Tree *tree, const char *path, const char *target)
{
	g_autofree char *link = place(tree, path);

	g_unlink(link);
	g_assert_cmpint(symlink(target, link), ==, 0);
}

void tree_assert_file(const Tree *tree, const char *path, const char *expected)
{
	g_autofree char *file = tree_path(tree, path);
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, expected);
}
