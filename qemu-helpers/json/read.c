/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON that is read and not believed. */
#include "read.h"

#include <math.h>

static JsonNode *find_value(JsonObject *object, const char *name)
{
	JsonNode *node = object != NULL ? json_object_get_member(object, name) : NULL;

	return node != NULL && JSON_NODE_HOLDS_VALUE(node) ? node : NULL;
}

const char *json_text(JsonObject *object, const char *name)
{
	JsonNode *node = find_value(object, name);

	return node != NULL && json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node) : NULL;
}

double json_number(JsonObject *object, const char *name, double fallback)
{
	JsonNode *node = find_value(object, name);
	GType type = node != NULL ? json_node_get_value_type(node) : G_TYPE_INVALID;
	double number = type == G_TYPE_INT64 || type == G_TYPE_DOUBLE ? json_node_get_double(node) : fallback;

	return isfinite(number) ? number : fallback;
}

JsonObject *json_part(JsonObject *object, const char *name)
{
	JsonNode *node = object != NULL ? json_object_get_member(object, name) : NULL;

	return node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

GPtrArray *json_items(JsonObject *object, const char *name)
{
	JsonNode *node = object != NULL ? json_object_get_member(object, name) : NULL;
	JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
	GPtrArray *items = g_ptr_array_new();

	for (guint i = 0; array != NULL && i < json_array_get_length(array); i++) {
		JsonNode *item = json_array_get_element(array, i);

		if (JSON_NODE_HOLDS_OBJECT(item))
			g_ptr_array_add(items, json_node_get_object(item));
	}
	return items;
}
