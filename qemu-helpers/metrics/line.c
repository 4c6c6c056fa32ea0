/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a line of the log is written and read again. */
#include "line.h"

#include "qemu-helpers/json/ascii.h"

char *line_time(gint64 microseconds)
{
	g_autoptr(GDateTime) seconds = g_date_time_new_from_unix_utc(microseconds / G_USEC_PER_SEC);
	g_autofree char *text = NULL;

	if (seconds == NULL)
		return g_strdup("1970-01-01T00:00:00.000000Z");
	text = g_date_time_format(seconds, "%Y-%m-%dT%H:%M:%S");
	return g_strdup_printf("%s.%06dZ", text, (int)(microseconds % G_USEC_PER_SEC));
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

JsonNode *line_parse(const char *line, gsize length)
{
	g_autoptr(JsonParser) parser = json_parser_new_immutable();
	JsonNode *root;

	if (!json_parser_load_from_data(parser, line, (gssize)length, NULL))
		return NULL;
	root = json_parser_get_root(parser);
	return root != NULL && JSON_NODE_HOLDS_OBJECT(root) ? json_node_ref(root) : NULL;
}
