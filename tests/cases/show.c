/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between two texts, line by line, for the reader of a failure. */
#include "show.h"

#include <glib.h>

/* Longest common subsequences of the tails, (n + 1) x (m + 1). */
static guint *common_tails(GStrv a, guint n, GStrv b, guint m)
{
	guint *table = g_new0(guint, (gsize)(n + 1) * (m + 1));

	for (guint i = n; i > 0; i--) {
		for (guint j = m; j > 0; j--) {
			guint *cell = &table[(i - 1) * (m + 1) + j - 1];

			*cell = g_str_equal(a[i - 1], b[j - 1]) ? table[i * (m + 1) + j] + 1 :
								  MAX(table[i * (m + 1) + j - 1],
								      table[(i - 1) * (m + 1) + j]);
		}
	}
	return table;
}

void show_differences(const char *expected, const char *actual)
{
	g_auto(GStrv) a = g_strsplit(expected, "\n", -1);
	g_auto(GStrv) b = g_strsplit(actual, "\n", -1);
	guint n = g_strv_length(a), m = g_strv_length(b), i = 0, j = 0;
	g_autofree guint *table = common_tails(a, n, b, m);

	while (i < n || j < m) {
		if (i < n && j < m && g_str_equal(a[i], b[j])) {
			g_test_message("  %s", a[i++]);
			j++;
		} else if (j == m || (i < n && table[(i + 1) * (m + 1) + j] >= table[i * (m + 1) + j + 1])) {
			g_test_message("- %s", a[i++]);
		} else {
			g_test_message("+ %s", b[j++]);
		}
	}
}
