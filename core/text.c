/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Anybody's text made fit for a terminal, a log line or a path, and the few
 * forms of text (UUID, BDF, MAC) that records are keyed by. */

#include "hostler/text.h"

#include <string.h>

#define UUID_LENGTH 36
#define MAC_BYTES 6

/* Line and paragraph separators count as printable with GLib. */
static gboolean is_shown(gunichar c)
{
	GUnicodeType type = g_unichar_type(c);

	return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* Appends what stands at `text`, made visible; returns where the next character begins. */
static const char *append_visible(GString *out, const char *text)
{
	gunichar c = g_utf8_get_char_validated(text, -1);

	if (c == (gunichar)-1 || c == (gunichar)-2) {
		g_string_append_printf(out, "\\x%02x", (guint8)*text);
		return text + 1;
	}
	if (is_shown(c))
		g_string_append_unichar(out, c);
	else if (c < 0x80)
		g_string_append_printf(out, "\\x%02x", c);
	else
		g_string_append_printf(out, "\\u{%04X}", c);
	return g_utf8_next_char(text);
}

/* Most text is such, and a hook shows a lot of it that nobody reads in the end. */
static gboolean is_short_ascii(const char *text, gsize max)
{
	gsize i = 0;

	while (i <= max && g_ascii_isprint(text[i]))
		i++;
	return i <= max && text[i] == '\0';
}

char *hostler_text_line(const char *text, gsize max)
{
	GString *out;
	gsize shown = 0;
	gsize room = 0; /* how much of `out` leaves room for the ellipsis */

	if (text != NULL && is_short_ascii(text, max))
		return g_strdup(text);
	out = g_string_new(NULL);
	while (text != NULL && *text != '\0' && shown <= max) {
		gsize before = out->len;

		text = append_visible(out, text);
		shown += g_utf8_strlen(out->str + before, (gssize)(out->len - before));
		if (shown < max)
			room = out->len;
	}
	if (shown > max) {
		g_string_truncate(out, room);
		g_string_append(out, max > 0 ? "…" : "");
	}
	return g_string_free(out, FALSE);
}

char *hostler_text_shown(const char *text)
{
	return hostler_text_line(text, HOSTLER_TEXT_SHOWN);
}

static gboolean is_plain(const char *text, gsize i)
{
	char c = text[i];

	if (c == '.')
		return i > 0 && text[i + 1] != '\0';
	return g_ascii_isalnum(c) || c == '_' || c == '+' || c == '-';
}

char *hostler_text_file_name(const char *text, gsize max)
{
	GString *out = g_string_new(NULL);

	for (gsize i = 0; text != NULL && text[i] != '\0'; i++) {
		gboolean plain = is_plain(text, i);

		if (out->len + (plain ? 1 : 3) > max)
			break;
		if (plain)
			g_string_append_c(out, text[i]);
		else
			g_string_append_printf(out, "%%%02X", (guint8)text[i]);
	}
	/* An inner dot may have become the last character by the cut. */
	while (out->len > 0 && out->str[out->len - 1] == '.')
		g_string_truncate(out, out->len - 1);
	return g_string_free(out, FALSE);
}

char *hostler_text_uuid(const char *text)
{
	if (text == NULL || strlen(text) != UUID_LENGTH)
		return NULL;
	for (gsize i = 0; i < UUID_LENGTH; i++) {
		gboolean hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (hyphen ? text[i] != '-' : !g_ascii_isxdigit(text[i]))
			return NULL;
	}
	return g_ascii_strdown(text, UUID_LENGTH);
}

gboolean hostler_text_is_bdf(const char *text)
{
	static const char form[] = "xxxx:xx:xx.7"; /* x: a hexadecimal digit; 7: up to it */
	const gsize length = sizeof(form) - 1;

	if (text == NULL || strlen(text) != length)
		return FALSE;
	for (gsize i = 0; i < length; i++) {
		gboolean fits = text[i] == form[i];

		if (form[i] == 'x')
			fits = g_ascii_isdigit(text[i]) || (text[i] >= 'a' && text[i] <= 'f');
		else if (form[i] == '7')
			fits = text[i] >= '0' && text[i] <= '7';
		if (!fits)
			return FALSE;
	}
	return text[8] <= '1'; /* a slot has five bits */
}

char *hostler_text_mac(const char *text)
{
	guint bytes[MAC_BYTES];
	g_auto(GStrv) parts = text != NULL && strlen(text) < sizeof("00:00:00:00:00:00") ?
		g_strsplit(text, ":", MAC_BYTES + 1) : NULL;

	if (parts == NULL || g_strv_length(parts) != MAC_BYTES)
		return NULL;
	for (guint i = 0; i < MAC_BYTES; i++) {
		guint64 byte = 0;

		if (strlen(parts[i]) > 2 || !g_ascii_string_to_unsigned(parts[i], 16, 0, 0xff, &byte, NULL))
			return NULL;
		bytes[i] = (guint)byte;
	}
	return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3], bytes[4],
			       bytes[5]);
}
