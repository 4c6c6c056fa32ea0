/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a line of the log is written and read again. */
#include "line.h"

#include "qemu-helpers/json/ascii.h"

#define DEEPEST 16

char *line_time(gint64 microseconds)
{
	g_autoptr(GDateTime) seconds = g_date_time_new_from_unix_utc(microseconds / G_USEC_PER_SEC);
	g_autofree char *text = NULL;

	if (seconds == NULL)
		return g_strdup("1970-01-01T00:00:00.000000Z");
	text = g_date_time_format(seconds, "%Y-%m-%dT%H:%M:%S");
	return g_strdup_printf("%s.%06dZ", text, (int)(microseconds % G_USEC_PER_SEC));
}

gint64 line_read_time(const char *text)
{
	g_autoptr(GDateTime) time = text != NULL ? g_date_time_new_from_iso8601(text, NULL) : NULL;

	if (time == NULL)
		return 0;
	return g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time);
}

JsonBuilder *line_begin(const char *event)
{
	JsonBuilder *builder = json_builder_new_immutable();
	g_autofree char *now = line_time(g_get_real_time());

	json_builder_begin_object(builder);
	json_add_text(builder, "time", now);
	json_add_text(builder, "event", event);
	return builder;
}

char *line_end(JsonBuilder *builder)
{
	g_autoptr(JsonNode) root = NULL;
	g_autofree char *json = NULL;

	json_builder_end_object(builder);
	root = json_builder_get_root(builder);
	json = json_ascii(root);
	return g_strconcat(json, "\n", NULL);
}

/* The parser calls itself for each bracket: a line of nothing else would use up the stack. */
static gboolean is_flat(const char *line, gsize length)
{
	gboolean quoted = FALSE;
	int depth = 0;

	for (gsize i = 0; i < length && depth <= DEEPEST; i++) {
		if (quoted && line[i] == '\\')
			i++;
		else if (line[i] == '"')
			quoted = !quoted;
		else if (!quoted && (line[i] == '{' || line[i] == '['))
			depth++;
		else if (!quoted && (line[i] == '}' || line[i] == ']'))
			depth--;
	}
	return depth <= DEEPEST;
}

JsonNode *line_parse(const char *line, gsize length)
{
	g_autoptr(JsonParser) parser = NULL;
	JsonNode *root;

	if (length > LINE_MAX_BYTES || !is_flat(line, length))
		return NULL;
	parser = json_parser_new_immutable();
	if (!json_parser_load_from_data(parser, line, (gssize)length, NULL))
		return NULL;
	root = json_parser_get_root(parser);
	return root != NULL && JSON_NODE_HOLDS_OBJECT(root) ? json_node_ref(root) : NULL;
}
