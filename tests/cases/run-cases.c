/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every case file through the lifecycle, with all plugins, on the machine that
 * tests play. With HOSTLER_CASES_UPDATE=1 what happens becomes what is expected. */
#include <glib.h>
#include <string.h>

#include "case.h"
#include "messages.h"
#include "play.h"
#include "show.h"
#include "sweep.h"

/* --- a case as it is written --- */

static char *play_through(const Case *test_case)
{
	Play *play = play_open(test_case);
	g_autofree char *left = NULL;
	char *told;

	play_all(play);
	left = play_left(play);
	told = g_strdup_printf("%send: %s\n%s", play->told->str, *left == '\0' ? "all as found" : "not as found",
			       left);
	play_free(play);
	return told;
}

static void test_written(gconstpointer data)
{
	const Case *test_case = data;
	g_autofree char *told = play_through(test_case);
	g_autoptr(GError) error = NULL;

	if (g_str_equal(told, test_case->expect))
		return;
	if (g_getenv("HOSTLER_CASES_UPDATE") != NULL) {
		case_store(test_case, told, &error);
		g_assert_no_error(error);
		return;
	}
	g_test_message("%s: - is expected, + is what happened", test_case->path);
	show_differences(test_case->expect, told);
	g_test_fail();
}

/* --- all of them --- */

static Case *add_case(const char *folder, const char *name)
{
	g_autofree char *file = g_build_filename(folder, name, NULL);
	g_autofree char *stem = g_strndup(name, strlen(name) - strlen(".case"));
	g_autofree char *path = g_strconcat("/cases/", stem, NULL);
	g_autoptr(GError) error = NULL;
	Case *test_case = case_load(file, &error);

	if (test_case == NULL)
		g_error("%s: %s", file, error->message);
	g_test_add_data_func(path, test_case, test_written);
	if (test_case->sweep)
		sweep_add(stem, test_case);
	return test_case;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *list_cases(const char *path)
{
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
		if (g_str_has_suffix(name, ".case"))
			g_ptr_array_add(names, g_strdup(name));
	}
	g_ptr_array_sort(names, compare_names);
	return names;
}

int main(int argc, char **argv)
{
	const char *folder = g_getenv("CASES_DIR") != NULL ? g_getenv("CASES_DIR") : ".";
	g_autoptr(GPtrArray) cases = g_ptr_array_new_with_free_func((GDestroyNotify)case_free);
	g_autoptr(GPtrArray) names = NULL;

	g_test_init(&argc, &argv, NULL);
	/* One case that fails says nothing of the next. */
	g_test_set_nonfatal_assertions();
	messages_catch();
	names = list_cases(folder);
	g_assert_cmpuint(names->len, >, 0);
	for (guint i = 0; i < names->len; i++)
		g_ptr_array_add(cases, add_case(folder, g_ptr_array_index(names, i)));
	return g_test_run();
}
