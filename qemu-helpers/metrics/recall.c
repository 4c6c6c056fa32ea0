/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run whose first lines an earlier hostler-metrics wrote goes on where it was. */
#include "recall.h"

#include <string.h>

#include "line.h"
#include "qemu-helpers/json/read.h"

static gboolean is_event(JsonObject *line, const char *event)
{
	return g_strcmp0(json_text(line, "event"), event) == 0;
}

static void remember_sample(Book *book, JsonObject *line)
{
	gint64 number = (gint64)CLAMP(json_number(line, "number", 0), 0, 1e15);
	Sample *sample = sample_from_json(line);

	if (sample == NULL)
		return;
	book_see(book, sample);
	book_hear(book, sample->at, sample->arriving);
	if (!sample_lacks_disks(sample))
		g_clear_pointer(&book->without, g_free);
	else if (book->without == NULL)
		book->without = g_strdup(sample->missing);
	book_count(book, sample,
		   line_read_time(json_text(line, "time")));
	if (json_number(line, "host_read_bytes", -1) >= 0) {
		book->host_known = TRUE;
		book->host_read_bytes = (guint64)json_number(line, "host_read_bytes", 0);
	}
	if (number > 0)
		book->samples = (guint64)number;
}

/* A log that was rotated repeats the last ones. */
static void remember_earlier(Book *book, JsonNode *report, const char *run)
{
	for (guint i = 0; i < book->earlier->len; i++) {
		JsonObject *known = json_node_get_object(g_ptr_array_index(book->earlier, i));

		if (g_strcmp0(json_text(known, "run"), run) == 0)
			return;
	}
	if (book->earlier->len >= BOOK_EARLIER)
		g_ptr_array_remove_index(book->earlier, 0);
	g_ptr_array_add(book->earlier, json_node_ref(report));
}

static void remember(Book *book, JsonNode *node)
{
	JsonObject *line = json_node_get_object(node);
	const char *run = json_text(line, "run");
	double seconds = json_number(line, "seconds", 0);

	if (g_strcmp0(run, book->run) != 0) {
		if (run != NULL && is_event(line, "report"))
			remember_earlier(book, node, run);
		return;
	}
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

static void read_lines(Book *book, const char *lines, void (*take)(Book *book, JsonNode *node))
{
	const char *end;

	for (const char *line = lines; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		g_autoptr(JsonNode) node = line_parse(line, (gsize)(end - line));

		if (node != NULL)
			take(book, node);
	}
}

void book_recall(Book *book, const char *lines)
{
	read_lines(book, lines, remember);
	book->recalled = book->samples > 0;
}

/* --- what nobody needs before the end --- */

static void count_sample(Book *book, JsonNode *node)
{
	JsonObject *line = json_node_get_object(node);
	Sample *sample = NULL;

	if (is_event(line, "sample") && g_strcmp0(json_text(line, "run"), book->run) == 0)
		sample = sample_from_json(line);
	if (sample != NULL)
		book_count(book, sample, line_read_time(json_text(line, "time")));
}

/* One that is not in the book was unplugged, or has not been told of since. Takes the tally. */
static void learn(Book *book, Tally *past)
{
	Tally *tally = book_find_tally(book, past->last);

	if (tally == NULL) {
		g_ptr_array_add(book->tallies, past);
		return;
	}
	tally_learn(tally, past);
	tally_free(past);
}

void book_recall_peaks(Book *book, const char *lines)
{
	g_autoptr(GPtrArray) tallies = g_ptr_array_new_with_free_func((GDestroyNotify)tally_free);
	Book past = { .run = book->run, .tallies = tallies };

	book->recalled = FALSE;
	read_lines(&past, lines, count_sample);
	while (tallies->len > 0)
		learn(book, g_ptr_array_steal_index(tallies, 0));
}
