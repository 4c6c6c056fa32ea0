/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "paper.h"

#include <string.h>
#include <unistd.h>

#include "hostler/text.h"
#include "qemu-helpers/json/ascii.h"

#define LONGEST_TEXT 2000 /* characters */

static const char *const inks[] = {
	[INK_PLAIN] = "",	   [INK_BOLD] = "\033[1m", [INK_GREEN] = "\033[32m",
	[INK_YELLOW] = "\033[33m", [INK_RED] = "\033[31m",
};

Paper paper_open(void)
{
	const char *no_color = g_getenv("NO_COLOR");
	gboolean terminal = isatty(STDOUT_FILENO) == 1;

	return (Paper){
		.out = stdout,
		.terminal = terminal,
		.blocks = terminal && g_get_charset(NULL),
		.colour = terminal && (no_color == NULL || *no_color == '\0') &&
			  g_strcmp0(g_getenv("TERM"), "dumb") != 0,
	};
}

void paper_print(const Paper *paper, Ink ink, int width, const char *text)
{
	int missing = width - (int)g_utf8_strlen(text, -1);

	if (paper->colour && ink != INK_PLAIN)
		fprintf(paper->out, "%s%s\033[0m", inks[ink], text);
	else
		fputs(text, paper->out);
	if (missing > 0)
		fprintf(paper->out, "%*s", missing, "");
}

char *paper_text(const char *text)
{
	return hostler_text_line(text, LONGEST_TEXT);
}

void paper_print_json(const Paper *paper, JsonBuilder *builder)
{
	g_autoptr(JsonNode) root = NULL;
	g_autofree char *json = NULL;

	root = json_builder_get_root(builder);
	json = json_ascii(root);
	fprintf(paper->out, "%s\n", json);
}
