/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* One line of the log: a JSON object in plain ASCII. */

/* Begins the object with the time now (RFC 3339, UTC) and the event. */
JsonBuilder *line_begin(const char *event);
/* Ends it; the text ends with a newline. */
char *line_end(JsonBuilder *builder);

/* "2026-01-31T23:59:59.123456Z" of microseconds since the epoch, and back; 0: it is no such time. */
char *line_time(gint64 microseconds);
gint64 line_read_time(const char *text);

/* NULL when the line is no JSON object, or one that is longer or deeper than any of ours. */
#define LINE_MAX_BYTES (1024 * 1024)
JsonNode *line_parse(const char *line, gsize length);
