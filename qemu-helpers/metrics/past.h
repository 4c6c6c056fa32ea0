/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* Adds "previous" to the object that is open: what the VM's earlier reports
 * (JsonNode, oldest first) say that can be set beside this one. Without any, nothing. */
void past_to_json(const GPtrArray *reports, JsonBuilder *builder);
