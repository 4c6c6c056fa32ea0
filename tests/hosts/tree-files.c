/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and links of a tree, and the keys that they come from. */
#include <glib/gstdio.h>
#include <unistd.h>

#include "tree-parts.h"
#include "tree.h"

char *tree_place(const Tree *tree, const char *path)
{
	g_autofree char *file = g_build_filename(tree->root, path, NULL);
	g_autofree char *folder = g_path_get_dirname(file);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
	return g_steal_pointer(&file);
}

void tree_put(const Tree *tree, const char *text, const char *format, ...)
{
	g_autofree char *path = NULL;
	g_autofree char *file = NULL;
	va_list args;

	va_start(args, format);
	path = g_strdup_vprintf(format, args);
	va_end(args);
	file = tree_place(tree, path);
	g_assert_true(g_file_set_contents(file, text, -1, NULL));
}

void tree_put_link(const Tree *tree, const char *path, const char *target)
{
	g_autofree char *link = tree_place(tree, path);

	g_assert_cmpint(symlink(target, link), ==, 0);
}

void tree_put_folder(const Tree *tree, const char *path)
{
	g_autofree char *folder = g_build_filename(tree->root, path, NULL);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
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

char *tree_get(const Tree *tree, const char *group, const char *key, const char *otherwise)
{
	char *value = g_key_file_get_value(tree->host, group, key, NULL);

	return value != NULL ? value : g_strdup(otherwise);
}
