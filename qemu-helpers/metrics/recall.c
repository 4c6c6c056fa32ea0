/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run whose first lines an earlier hostler-metrics wrote goes on where it was. */
#include "recall.h"

#include <string.h>

#include "line.h"

static gboolean is_event(JsonObject *line, const char *event)
{
	return g_strcmp0(json_object_get_string_member_with_default(line, "event", NULL), event) == 0;
}

static void remember_sample(Book *book, JsonObject *line)
{
	gint64 number = json_object_get_int_member_with_default(line, "number", 0);
	Sample *sample = sample_from_json(line);

	if (sample == NULL)
		return;
	book_see(book, sample);
	if (sample->missing == NULL)
		g_clear_pointer(&book->without, g_free);
	else if (book->without == NULL)
		book->without = g_strdup(sample->missing);
	book_count(book, sample);
	book->samples = MAX(book->samples, (guint64)MAX(number, 0));
}

static void remember(Book *book, JsonObject *line)
{
	double seconds = json_object_get_double_member_with_default(line, "seconds", 0);

	if (g_strcmp0(json_object_get_string_member_with_default(line, "run", NULL), book->run) != 0)
		return;
	book->begun = TRUE;
	if (is_event(line, "sample")) {
		remember_sample(book, line);
	} else if (is_event(line, "stall")) {
		book->stalls++;
		book->stalled_at = MAX(book->complete_at, book->began);
	} else if (is_event(line, "resume")) {
		book->stalled_seconds += seconds;
		book->stalled_at = 0;
	} else if (is_event(line, "gap") && !json_object_has_member(line, "missing")) {
		book->gaps++;
		book->gap_seconds += seconds;
	} else if (is_event(line, "report")) {
		book->reported = TRUE;
	}
}

void book_recall(Book *book, const char *lines)
{
	const char *end;

	for (const char *line = lines; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		g_autoptr(JsonNode) node = line_parse(line, (gsize)(end - line));

		if (node != NULL)
			remember(book, json_node_get_object(node));
	}
}
