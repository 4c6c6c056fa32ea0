/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "qemu-helpers/metrics/sample.h"

/* A VM's log read again, run by run. Whoever could write to the folder may have
 * written anything: nothing is believed, and no more is read than the end of the
 * log and of the part that was rotated away before it. */

typedef struct {
	const char *text; /* of the log's */
	gsize length;
} RunLine;

typedef struct {
	char *id;
	JsonNode *start;  /* NULL: it is no longer in the log */
	JsonNode *report; /* NULL: it runs, or nobody saw its end */
	GArray *samples;  /* RunLine, not parsed yet */
	guint gaps;
	double gap_seconds;
	guint stalls;
	double stalled_seconds; /* of those that are over */
	gboolean stalls_still;
} Run;

typedef struct {
	char *text;
	GPtrArray *runs; /* Run, in the order of their first lines */
	GHashTable *absences; /* set of lines: a new file repeats those of the one put aside */
} RunLog;

/* NULL when `file` in `folder` cannot be read, or holds no run. */
RunLog *run_log_read(const char *folder, const char *file, GError **error);
/* The same of text, which is taken. */
RunLog *run_log_from_text(char *text);
void run_log_free(RunLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunLog, run_log_free)

/* The logs (char *, "web-<uuid>.jsonl", of which perhaps only the part put aside is there) in the folder, sorted. */
GPtrArray *run_logs_list(const char *folder, GError **error);
/* The one of a VM, by its name or UUID: the last that was written to. */
char *run_logs_find(const char *folder, const char *vm, GError **error);

/* Calls `each` for what can be read of the samples, in order, each once. `line` is theirs. */
void run_each_sample(const Run *run, void (*each)(const Sample *sample, JsonObject *line, gpointer data),
		     gpointer data);

/* The run in the form of its `report`; of one that has none, what its samples
 * come to, without a reason. */
JsonNode *run_figures(const Run *run);
/* What `start` says of a device of the figures: an object to look for labels in,
 * or the device itself. */
JsonObject *run_device(const Run *run, const char *section, JsonObject *device);
