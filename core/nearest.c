/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "did you mean …?": the known name nearest to a mistyped one. */

#include "hostler/text.h"

#include <string.h>

#define LONGEST_NAME 32 /* our names are short; a longer word is no typing error */

static guint least(guint a, guint b, guint c)
{
	return MIN(MIN(a, b), c);
}

/* How many letters to add, drop or change (Levenshtein), case aside. */
static guint distance(const char *word, const char *name)
{
	guint row[LONGEST_NAME + 1];
	gsize length = strlen(name);

	for (guint j = 0; j <= length; j++)
		row[j] = j;
	for (guint i = 1; word[i - 1] != '\0'; i++) {
		guint diagonal = row[0];

		row[0] = i;
		for (gsize j = 1; j <= length; j++) {
			guint change = g_ascii_tolower(word[i - 1]) != g_ascii_tolower(name[j - 1]);
			guint above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1, diagonal + change);
			diagonal = above;
		}
	}
	return row[length];
}

const char *hostler_text_nearest(const char *word, const char *const *names)
{
	const char *nearest = NULL;
	gsize length = strlen(word);
	guint best = (guint)MIN(length, LONGEST_NAME) / 3 + 2;

	for (gsize i = 0; length <= LONGEST_NAME && names[i] != NULL; i++) {
		guint d = strlen(names[i]) <= LONGEST_NAME ? distance(word, names[i]) : best;

		/* "protocol" for "proto", "port" for "portForward" */
		if (length >= 4 && strlen(names[i]) >= 4 &&
		    g_ascii_strncasecmp(word, names[i], MIN(length, strlen(names[i]))) == 0)
			d = 0;
		if (d < best) {
			best = d;
			nearest = names[i];
		}
	}
	return nearest;
}
