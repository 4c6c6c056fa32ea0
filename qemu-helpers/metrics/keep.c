/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Goes through a log line by line and remembers few of them. */
#include "keep.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "book.h"
#include "line.h"

/* Of a log that an admin lets grow larger (log_size); all VMs' are read before the first sample. */
#define MOST_BYTES (64 * 1024 * 1024)
/* Of a run that stalls all the time. */
#define MOST_TROUBLE (256 * 1024)

typedef struct {
	GQueue reports; /* char *, oldest first */
	GString *start;
	GString *trouble; /* `stall`, `resume`, `gap`, and before a `stall` when there were disks last */
	GString *complete; /* the last sample with its disks, unless `trouble` has it */
	GString *sample;
} Kept;

static gboolean is_event(const char *line, const char *event)
{
	static const char before[] = "\",\"event\":\"";
	const char *found = strstr(line, before);

	return found != NULL && g_str_has_prefix(found + strlen(before), event) &&
	       found[strlen(before) + strlen(event)] == '"';
}

static void forget_run(Kept *kept)
{
	g_string_truncate(kept->start, 0);
	g_string_truncate(kept->trouble, 0);
	g_string_truncate(kept->complete, 0);
	g_string_truncate(kept->sample, 0);
}

static void keep_report(Kept *kept, const char *line)
{
	forget_run(kept);
	g_queue_push_tail(&kept->reports, g_strdup(line));
	if (g_queue_get_length(&kept->reports) > BOOK_EARLIER)
		g_free(g_queue_pop_head(&kept->reports));
}

static void keep_trouble(Kept *kept, const char *line)
{
	gsize length = kept->complete->len + strlen(line);

	if (kept->trouble->len + length > MOST_TROUBLE)
		return;
	if (is_event(line, "stall")) {
		g_string_append_len(kept->trouble, kept->complete->str, (gssize)kept->complete->len);
		g_string_truncate(kept->complete, 0);
	}
	g_string_append(kept->trouble, line);
}

static void keep_sample(Kept *kept, const char *line)
{
	g_string_assign(kept->sample, line);
	if (strstr(line, "\"missing\":\"disks\"") == NULL)
		g_string_assign(kept->complete, line);
}

static void take(Kept *kept, const char *line)
{
	if (is_event(line, "sample")) {
		keep_sample(kept, line);
	} else if (is_event(line, "start")) {
		forget_run(kept);
		g_string_assign(kept->start, line);
	} else if (is_event(line, "report")) {
		keep_report(kept, line);
	} else if (is_event(line, "stall") || is_event(line, "resume") || is_event(line, "gap")) {
		keep_trouble(kept, line);
	}
}

/* A line at a time: a whole log would be a good deal of our memory. */
static void read_lines(FILE *file, off_t end, Kept *kept)
{
	char *line = NULL;
	size_t size = 0;
	off_t at = ftello(file);
	ssize_t length;

	while (at < end && (length = getline(&line, &size, file)) > 0) {
		at += length;
		/* One with zeros in it, of a power cut, is not whole either. */
		if (at <= end && line[length - 1] == '\n' && length <= LINE_MAX_BYTES &&
		    strlen(line) == (gsize)length)
			take(kept, line);
	}
	free(line);
}

/* Since when there are no disks is known by the last sample that had them. */
static char *join(Kept *kept)
{
	GString *text = g_string_new(NULL);
	gboolean is_complete = g_string_equal(kept->complete, kept->sample);
	char *report;

	while ((report = g_queue_pop_head(&kept->reports)) != NULL) {
		g_string_append(text, report);
		g_free(report);
	}
	g_string_append_len(text, kept->start->str, (gssize)kept->start->len);
	g_string_append_len(text, kept->trouble->str, (gssize)kept->trouble->len);
	if (!is_complete)
		g_string_append_len(text, kept->complete->str, (gssize)kept->complete->len);
	g_string_append_len(text, kept->sample->str, (gssize)kept->sample->len);
	g_string_free(kept->start, TRUE);
	g_string_free(kept->trouble, TRUE);
	g_string_free(kept->complete, TRUE);
	g_string_free(kept->sample, TRUE);
	return g_string_free(text, FALSE);
}

char *keep_lines(int fd, off_t end)
{
	Kept kept = { G_QUEUE_INIT, g_string_new(NULL), g_string_new(NULL), g_string_new(NULL), g_string_new(NULL) };
	int copy = end > 0 ? dup(fd) : -1;
	FILE *file = copy >= 0 ? fdopen(copy, "r") : NULL;

	if (file == NULL && copy >= 0)
		close(copy);
	if (file != NULL && fseeko(file, MAX(end - MOST_BYTES, 0), SEEK_SET) == 0)
		read_lines(file, end, &kept);
	g_clear_pointer(&file, fclose);
	return join(&kept);
}
