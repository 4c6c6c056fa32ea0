/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which runs there are in a log. Samples, which are nearly all of it, are only
 * parsed when somebody wants to see them. */
#include "run-log.h"

#include <string.h>

#include "qemu-helpers/json/read.h"
#include "qemu-helpers/metrics/line.h"

#define MOST_RUNS 1000
#define MOST_ABSENCES 10000
#define MOST_SECONDS 1e10 /* a few centuries */

static void run_free(gpointer data)
{
	Run *run = data;

	g_clear_pointer(&run->start, json_node_unref);
	g_clear_pointer(&run->report, json_node_unref);
	g_array_unref(run->samples);
	g_free(run->id);
	g_free(run);
}

/* The last ones are nearest. */
static Run *find_run(RunLog *log, const char *id)
{
	Run *run;

	for (guint i = log->runs->len; i > 0; i--) {
		run = g_ptr_array_index(log->runs, i - 1);
		if (g_str_equal(run->id, id))
			return run;
	}
	if (log->runs->len >= MOST_RUNS)
		g_ptr_array_remove_index(log->runs, 0);
	run = g_new0(Run, 1);
	run->id = g_strdup(id);
	run->samples = g_array_new(FALSE, FALSE, sizeof(RunLine));
	g_ptr_array_add(log->runs, run);
	return run;
}

/* The value of a member, as it stands there: a quote within a text has a
 * backslash before it, so that this cannot be found inside of one. */
static char *peek(const RunLine *line, const char *before)
{
	const char *found = g_strstr_len(line->text, (gssize)line->length, before);
	const char *value = found != NULL ? found + strlen(before) : NULL;
	const char *end = value != NULL ? memchr(value, '"', (gsize)(line->text + line->length - value)) : NULL;

	return end != NULL ? g_strndup(value, (gsize)(end - value)) : NULL;
}

static void replace(JsonNode **kept, JsonNode *node)
{
	g_clear_pointer(kept, json_node_unref);
	*kept = json_node_ref(node);
}

static void take_event(RunLog *log, const RunLine *line, const char *event)
{
	g_autoptr(JsonNode) node = line_parse(line->text, line->length);
	const char *id = node != NULL ? json_text(json_node_get_object(node), "run") : NULL;

	if (id == NULL || *id == '\0')
		return;
	if (g_str_equal(event, "start"))
		replace(&find_run(log, id)->start, node);
	else
		replace(&find_run(log, id)->report, node);
}

static void count_absence(Run *run, const char *event, JsonObject *line)
{
	double seconds = CLAMP(json_number(line, "seconds", 0), 0, MOST_SECONDS);

	if (g_str_equal(event, "stall")) {
		run->stalls++;
		run->stalls_still = TRUE;
	} else if (g_str_equal(event, "resume")) {
		run->stalls_still = FALSE;
		run->stalled_seconds += seconds;
	} else if (!json_object_has_member(line, "missing")) {
		run->gaps++;
		run->gap_seconds += seconds;
	}
}

static void take_absence(RunLog *log, const RunLine *line, const char *event)
{
	g_autoptr(JsonNode) node = line_parse(line->text, line->length);
	const char *id = node != NULL ? json_text(json_node_get_object(node), "run") : NULL;

	if (id == NULL || *id == '\0' || g_hash_table_size(log->absences) >= MOST_ABSENCES)
		return;
	if (g_hash_table_add(log->absences, g_strndup(line->text, line->length)))
		count_absence(find_run(log, id), event, json_node_get_object(node));
}

static void take_line(RunLog *log, const RunLine *line)
{
	g_autofree char *event = line->length <= LINE_MAX_BYTES ? peek(line, "\",\"event\":\"") : NULL;
	g_autofree char *id = NULL;

	if (g_strcmp0(event, "sample") == 0)
		id = peek(line, "\",\"run\":\"");
	if (id != NULL && *id != '\0')
		g_array_append_vals(find_run(log, id)->samples, line, 1);
	else if (g_strcmp0(event, "start") == 0 || g_strcmp0(event, "report") == 0)
		take_event(log, line, event);
	else if (g_strcmp0(event, "stall") == 0 || g_strcmp0(event, "resume") == 0 || g_strcmp0(event, "gap") == 0)
		take_absence(log, line, event);
}

RunLog *run_log_from_text(char *text)
{
	RunLog *log = g_new(RunLog, 1);
	const char *end;

	log->text = text;
	log->runs = g_ptr_array_new_with_free_func(run_free);
	log->absences = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (const char *line = text; (end = strchr(line, '\n')) != NULL; line = end + 1)
		take_line(log, &(RunLine){ line, (gsize)(end - line) });
	return log;
}

void run_log_free(RunLog *log)
{
	g_ptr_array_unref(log->runs);
	g_hash_table_unref(log->absences);
	g_free(log->text);
	g_free(log);
}
