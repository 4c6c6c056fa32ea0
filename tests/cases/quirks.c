/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quirk files are of disk, and it counts whose they are. */
#include "quirks.h"

#include <glib/gstdio.h>

static void put(const char *folder, const char *name, const char *text, int mode)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
	g_assert_cmpint(g_chmod(folder, 0755), ==, 0);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_cmpint(g_chmod(path, mode), ==, 0);
}

/* A working copy may have been made with any umask. */
static void put_shipped(const char *folder)
{
	const char *source = g_getenv("QUIRKS_DIR");
	g_autoptr(GDir) names = source != NULL ? g_dir_open(source, 0, NULL) : NULL;
	const char *name;

	if (names == NULL)
		g_error("QUIRKS_DIR is not the folder with our quirk files");
	while ((name = g_dir_read_name(names)) != NULL) {
		g_autofree char *path = g_build_filename(source, name, NULL);
		g_autofree char *text = NULL;

		g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
		put(folder, name, text, 0644);
	}
}

void quirks_put(HostlerHost *host, const CaseQuirks *quirks)
{
	g_autofree char *config = g_path_get_dirname(host->config_file);
	g_autofree char *admins = g_build_filename(config, "quirks.d", NULL);

	if (g_str_equal(quirks->name, "shipped"))
		put_shipped(host->quirks_dir);
	else
		put(admins, quirks->name, quirks->text, quirks->mode);
}
