/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* JSON in one line of plain ASCII. A VM's name may hold U+202E or an escape
 * character, and people read JSON with `cat`: what is not printable ASCII is
 * written as \uXXXX, which every JSON reader turns back. */
char *json_ascii(JsonNode *root);

/* A member of the object that is open. */
void json_add_text(JsonBuilder *builder, const char *name, const char *text); /* nothing for NULL */
void json_add_count(JsonBuilder *builder, const char *name, guint64 count);
void json_add_number(JsonBuilder *builder, const char *name, double number);
void json_add_truth(JsonBuilder *builder, const char *name, gboolean truth);
void json_begin_array(JsonBuilder *builder, const char *name);
void json_begin_object(JsonBuilder *builder, const char *name);
