/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's last runs beside the one that has just ended. */
#include "past.h"

#include "qemu-helpers/json/ascii.h"

static void copy_member(JsonObject *from, const char *name, JsonBuilder *builder)
{
	JsonNode *node = json_object_get_member(from, name);

	if (node == NULL)
		return;
	json_builder_set_member_name(builder, name);
	json_builder_add_value(builder, json_node_ref(node));
}

/* What a device is stands in this report already. */
static void copy_device(JsonObject *device, JsonBuilder *builder)
{
	static const char *const names[] = {
		"target",	"mac",		   "read_bytes",      "write_bytes", "rx_bytes", "tx_bytes",
		"cached_share", "mean_per_second", "peak_per_second", "mean_latency_seconds",
		"percentile_latency_seconds",
	};

	json_builder_begin_object(builder);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		copy_member(device, names[i], builder);
	json_builder_end_object(builder);
}

static void copy_devices(JsonObject *report, const char *section, JsonBuilder *builder)
{
	JsonNode *node = json_object_get_member(report, section);
	JsonArray *devices = node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

	json_begin_array(builder, section);
	for (guint i = 0; devices != NULL && i < json_array_get_length(devices); i++) {
		JsonNode *device = json_array_get_element(devices, i);

		if (JSON_NODE_HOLDS_OBJECT(device))
			copy_device(json_node_get_object(device), builder);
	}
	json_builder_end_array(builder);
}

static void add_report(JsonObject *report, JsonBuilder *builder)
{
	static const char *const names[] = { "time", "run", "reason", "seconds", "cached_share" };

	json_builder_begin_object(builder);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		copy_member(report, names[i], builder);
	copy_devices(report, "disks", builder);
	copy_devices(report, "nics", builder);
	json_builder_end_object(builder);
}

void past_to_json(const GPtrArray *reports, JsonBuilder *builder)
{
	if (reports->len == 0)
		return;
	json_begin_array(builder, "previous");
	for (guint i = 0; i < reports->len; i++)
		add_report(json_node_get_object(g_ptr_array_index(reports, i)), builder);
	json_builder_end_array(builder);
}
