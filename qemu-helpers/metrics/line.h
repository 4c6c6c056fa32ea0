/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* One line of the log: a JSON object in plain ASCII. */

/* Begins the object with the time now (RFC 3339, UTC) and the event. */
JsonBuilder *line_begin(const char *event);
/* Ends it; the text ends with a newline. */
char *line_end(JsonBuilder *builder);

/* "2026-01-31T23:59:59.123456Z" of microseconds since the epoch. */
char *line_time(gint64 microseconds);

/* NULL when the line is no JSON object. */
JsonNode *line_parse(const char *line, gsize length);
