/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel.h"

#include <string.h>

#include "realhost.h"

#define OURS "hostler-forward "

static gint compare_lines(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Elements of our maps: the key, then its owner, then where it leads. */
static char *read_table(const char *text)
{
	g_autoptr(GRegex) regex = g_regex_new("(?:([0-9a-f.:]+) \\. )?(tcp|udp) \\. ([0-9]+)"
					      " comment \"([0-9a-f-]+)\" : "
					      "([0-9a-f.:]+) \\. ([0-9]+)",
					      0, 0, NULL);
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GMatchInfo) match = NULL;

	for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL)) {
		g_auto(GStrv) part = g_match_info_fetch_all(match);

		g_ptr_array_add(lines, g_strdup_printf("%s %s %s -> %s %s of %s\n", part[2],
						       *part[1] != '\0' ? part[1] : "any", part[3], part[5], part[6],
						       part[4]));
	}
	g_ptr_array_sort(lines, compare_lines);
	g_ptr_array_add(lines, NULL);
	return g_strjoinv("", (char **)lines->pdata);
}

static gboolean is_our_table(const char *line)
{
	return g_str_has_prefix(line, "table ip hostler ") || g_str_has_prefix(line, "table ip6 hostler ");
}

static char *read_foreign(char **lines)
{
	GString *foreign = g_string_new(NULL);
	gboolean ours = FALSE;

	for (gsize i = 0; lines[i] != NULL; i++) {
		ours = ours || is_our_table(lines[i]);
		if (!ours && strstr(lines[i], OURS) == NULL && *lines[i] != '\0')
			g_string_append_printf(foreign, "%s\n", lines[i]);
		if (g_str_has_prefix(lines[i], "}"))
			ours = FALSE;
	}
	return g_string_free(foreign, FALSE);
}

/* Two rules right below the line that says what kind of chain it is. */
static gboolean read_marks(char **lines, const char *table, const char *bridge)
{
	g_autofree char *mark = g_strdup_printf("\"" OURS "%s\"", bridge);
	gboolean inside = FALSE;

	for (gsize i = 0; lines[i] != NULL; i++) {
		if (g_str_has_prefix(lines[i], "table "))
			inside = g_str_equal(lines[i], table);
		if (inside && strstr(lines[i], "chain FORWARD {") != NULL)
			return strstr(lines[i + 2], mark) != NULL && strstr(lines[i + 3], mark) != NULL &&
			       strstr(lines[i + 4], OURS) == NULL;
	}
	return TRUE;
}

Kernel *kernel_look(const char *bridge)
{
	g_autofree char *text = realhost_nft((const char *const[]){ "-s", "list", "ruleset", NULL });
	Kernel *kernel = g_new0(Kernel, 1);
	g_auto(GStrv) lines = NULL;

	if (text == NULL)
		g_error("nft cannot list the ruleset");
	lines = g_strsplit(text, "\n", -1);
	kernel->table = read_table(text);
	kernel->foreign = read_foreign(lines);
	kernel->marks[0] = read_marks(lines, "table ip filter {", bridge);
	kernel->marks[1] = read_marks(lines, "table ip6 filter {", bridge);
	kernel->clean = strstr(text, "hostler") == NULL;
	return kernel;
}

void kernel_free(Kernel *kernel)
{
	g_free(kernel->table);
	g_free(kernel->foreign);
	g_free(kernel);
}
