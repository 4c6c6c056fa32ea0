/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The folder of the logs. Every line opens its file anew: logrotate, a removed
 * folder or a full disk then need no handling of their own. What cannot be
 * written is said once in the journal and works again by itself. */
typedef struct _Log Log;

Log *log_new(const char *folder);
void log_free(Log *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Log, log_free)

/* A file that would become larger is put aside, as FILE.1, and begun anew with
 * what must not be forgotten of it (keep.h); so is one that somebody else put
 * aside under that name. Before the first line, 16 MiB. */
void log_set_limit(Log *log, gsize bytes);

/* Appends one line, newline included, with one write(). FALSE: it is lost. */
gboolean log_append(Log *log, const char *file, const char *line);

/* Nobody writes there for now: it is in nobody's way when all can be written again. */
void log_forget(Log *log, const char *file);

/* The last whole lines of the file, at most `max` bytes of them, and what must not be
 * forgotten of those before; of one that is not there or empty, that of the one put
 * aside. "": nothing. What a killed writer, or a power cut, left behind them
 * is cut off. */
char *log_tail(Log *log, const char *file, gsize max);
