/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON that a terminal can be trusted with. */
#include "ascii.h"

#include <string.h>

static void append_escaped(GString *text, gunichar character)
{
	if (character >= 0x10000) {
		character -= 0x10000;
		g_string_append_printf(text, "\\u%04x\\u%04x", 0xd800 + (character >> 10),
				       0xdc00 + (character & 0x3ff));
	} else if (character >= 0x7f) {
		g_string_append_printf(text, "\\u%04x", character);
	} else {
		g_string_append_c(text, (char)character);
	}
}

/* json-glib (1.6 of Debian 12) writes 2e-08 as "2e-08.0", which is no number. */
static gboolean is_wrong_zero(const GString *text, const char *rest)
{
	gsize i = text->len;

	if (!g_str_has_prefix(rest, ".0"))
		return FALSE;
	while (i > 0 && g_ascii_isdigit(text->str[i - 1]))
		i--;
	return i > 2 && strchr("+-", text->str[i - 1]) != NULL && text->str[i - 2] == 'e' &&
	       g_ascii_isdigit(text->str[i - 3]);
}

char *json_ascii(JsonNode *root)
{
	g_autofree char *json = json_to_string(root, FALSE);
	GString *text = g_string_new(NULL);
	gboolean quoted = FALSE, escaped = FALSE;

	for (const char *p = json; *p != '\0'; p = g_utf8_next_char(p)) {
		if (!quoted && is_wrong_zero(text, p)) {
			p += strlen(".0") - 1;
			continue;
		}
		quoted = quoted != (*p == '"' && !escaped);
		escaped = !escaped && *p == '\\';
		append_escaped(text, g_utf8_get_char(p));
	}
	return g_string_free(text, FALSE);
}

void json_add_text(JsonBuilder *builder, const char *name, const char *text)
{
	if (text == NULL)
		return;
	json_builder_set_member_name(builder, name);
	json_builder_add_string_value(builder, text);
}

void json_add_count(JsonBuilder *builder, const char *name, guint64 count)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_int_value(builder, (gint64)MIN(count, (guint64)G_MAXINT64));
}

void json_add_number(JsonBuilder *builder, const char *name, double number)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_double_value(builder, number);
}

void json_add_truth(JsonBuilder *builder, const char *name, gboolean truth)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_boolean_value(builder, truth);
}

void json_begin_array(JsonBuilder *builder, const char *name)
{
	json_builder_set_member_name(builder, name);
	json_builder_begin_array(builder);
}

void json_begin_object(JsonBuilder *builder, const char *name)
{
	json_builder_set_member_name(builder, name);
	json_builder_begin_object(builder);
}
