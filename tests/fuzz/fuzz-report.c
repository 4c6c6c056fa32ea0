/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a VM's log: shown in lines that a terminal can be trusted with, as
 * JSON that parses, whatever they say. */
#include <stdio.h>
#include <string.h>

#include "qemu-helpers/hostler/chart.h"
#include "qemu-helpers/hostler/kinds.h"
#include "qemu-helpers/hostler/run-log.h"
#include "qemu-helpers/hostler/run-show.h"
#include "qemu-helpers/metrics/words.h"
#include "tests/fuzz/fuzz.h"

static void check_shown(const char *text)
{
	g_assert_true(g_utf8_validate(text, -1, NULL));
	for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		g_assert_true(c == '\n' || c == '\t' || c == 0x1b || g_unichar_isprint(c));
	}
}

static void show_run(const Paper *paper, const Run *run, Kinds *kinds)
{
	g_autoptr(JsonNode) figures = run_figures(run);
	JsonObject *object = json_node_get_object(figures);
	g_autofree char *words = words_report(object);

	g_assert_cmpuint(strlen(run->id), >, 0);
	check_shown(words);
	g_assert_null(strchr(words, '\n'));
	run_print(paper, run, object);
	chart_print(paper, run);
	kinds_add(kinds, run, object);
}

static void show_kinds(const Paper *paper, Kinds *kinds)
{
	g_autoptr(JsonBuilder) builder = json_builder_new();

	kinds_sort(kinds);
	kinds_print(paper, kinds);
	kinds_print_csv(paper, kinds);
	json_builder_begin_object(builder);
	kinds_to_json(kinds, builder);
	json_builder_end_object(builder);
	paper_print_json(paper, builder);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autoptr(RunLog) log = run_log_from_text(g_strndup((const char *)data, size));
	g_autoptr(Kinds) kinds = kinds_new();
	char *text = NULL;
	size_t length = 0;
	Paper paper = { .terminal = size % 2 == 0, .colour = size % 2 == 0, .blocks = size % 4 == 0 };

	paper.out = open_memstream(&text, &length);
	for (guint i = 0; i < log->runs->len; i++)
		show_run(&paper, g_ptr_array_index(log->runs, i), kinds);
	show_kinds(&paper, kinds);
	fclose(paper.out);
	check_shown(text);
	free(text);
	return 0;
}
