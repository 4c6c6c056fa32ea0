/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comma separated values that a spreadsheet can be trusted with. */
#include "csv.h"

#include <string.h>

/* A VM named "=HYPERLINK(...)" would be run by whoever opens the file. */
static void print_text(const Paper *paper, const char *text)
{
	g_autofree char *shown = paper_text(text);
	gboolean formula = *shown != '\0' && strchr("=+-@", *shown) != NULL;
	g_auto(GStrv) parts = g_strsplit(shown, "\"", -1);
	g_autofree char *quoted = g_strjoinv("\"\"", parts);

	if (formula || strpbrk(shown, "\",") != NULL)
		fprintf(paper->out, "\"%s%s\",", formula ? "'" : "", quoted);
	else
		fprintf(paper->out, "%s,", shown);
}

void csv_print(const Paper *paper, const char *const *texts, double value)
{
	char number[G_ASCII_DTOSTR_BUF_SIZE];

	for (gsize i = 0; texts[i] != NULL; i++)
		print_text(paper, texts[i]);
	fprintf(paper->out, "%s\n", g_ascii_formatd(number, sizeof(number), "%.15g", value));
}
