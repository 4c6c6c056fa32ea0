/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feeds every file of a corpus to a fuzz target, without a fuzzer: what once
 * broke a promise stays tested. A crash is the failure. */

#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static void replay(gconstpointer data)
{
	g_autofree char *text = NULL;
	g_autofree guint8 *exact = NULL;
	gsize length;

	g_assert_true(g_file_get_contents(data, &text, &length, NULL));
	/* Without the NUL behind it, so that a sanitizer sees who reads on. */
	exact = g_memdup2(text, MAX(length, 1));
	g_assert_cmpint(LLVMFuzzerTestOneInput(exact, length), ==, 0);
}

int main(int argc, char **argv)
{
	g_autoptr(GDir) dir = NULL;
	const char *name;
	guint n = 0;

	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(argc, ==, 2);
	dir = g_dir_open(argv[1], 0, NULL);
	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_strconcat("/fuzz/", name, NULL);

		g_test_add_data_func_full(path, g_build_filename(argv[1], name, NULL), replay, g_free);
		n++;
	}
	g_assert_cmpuint(n, >, 0);
	return g_test_run();
}
