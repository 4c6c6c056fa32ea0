/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The heads of quirk entries: which devices they are about. */
#include <string.h>

#include "hostler/text.h"
#include "plugins/reset/quirk.h"

static gboolean parse_hex(const char *text, gsize digits, guint *value)
{
	*value = 0;
	for (gsize i = 0; i < digits; i++) {
		if (!g_ascii_isxdigit(text[i]))
			return FALSE;
		*value = *value << 4 | (guint)g_ascii_xdigit_value(text[i]);
	}
	return text[digits] == '\0';
}

static gboolean parse_id(const char *text, guint16 *id)
{
	guint value;

	if (!parse_hex(text, 4, &value))
		return FALSE;
	*id = (guint16)value;
	return TRUE;
}

static gboolean parse_pair(const char *text, guint16 *first, guint16 *second)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 3);

	return g_strv_length(parts) == 2 && parse_id(parts[0], first) && parse_id(parts[1], second);
}

static gboolean fail(char **wrong, const char *word, const char *should)
{
	g_autofree char *shown = hostler_text_shown(word);

	*wrong = g_strdup_printf("'%s' is no %s", shown, should);
	return FALSE;
}

/* --- [device ...] --- */

/* "1002:67c0,67c1": one vendor, some devices. */
static gboolean parse_devices(const char *word, GArray *matches, char **wrong)
{
	g_auto(GStrv) parts = g_strsplit(word, ":", 3);
	ResetMatch match = { .kind = RESET_MATCH_DEVICE };

	if (g_strv_length(parts) != 2 || !parse_id(parts[0], &match.id.vendor))
		return fail(wrong, word,
			    "VENDOR:DEVICE; write four hexadecimal digits each, as lspci -nn shows them");
	for (char *rest = parts[1]; rest != NULL;) {
		const char *device = strsep(&rest, ",");

		if (!parse_id(device, &match.id.device))
			return fail(wrong, device,
				    "device id; write four hexadecimal digits, as lspci -nn shows them");
		g_array_append_val(matches, match);
	}
	return TRUE;
}

static gboolean parse_subsystem(const char *word, GArray *matches, char **wrong)
{
	ResetMatch *match = &g_array_index(matches, ResetMatch, 0);

	if (matches->len > 1)
		return fail(wrong, word, "subsystem of several devices; give each a group of its own");
	match->kind = RESET_MATCH_SUBSYSTEM;
	return parse_pair(word, &match->id.subsystem_vendor, &match->id.subsystem_device) ||
	       fail(wrong, word, "SUBVENDOR:SUBDEVICE; write four hexadecimal digits each, as lspci -nnv shows them");
}

static gboolean parse_device_head(char **words, guint n, GArray *matches, char **wrong)
{
	if (n < 2 || n > 3)
		return fail(wrong, words[0], "whole group; write [device VVVV:DDDD] or [device VVVV:DDDD SSSS:ssss]");
	return parse_devices(words[1], matches, wrong) && (n == 2 || parse_subsystem(words[2], matches, wrong));
}

/* --- [class ...] and [vendor ... class ...] --- */

static gboolean parse_class(const char *word, ResetMatch *match, char **wrong)
{
	guint value;
	gboolean is_base = parse_hex(word, 2, &value);

	if (!is_base && !parse_hex(word, 4, &value))
		return fail(wrong, word, "class; write two or four hexadecimal digits, such as 03 or 0300");
	match->id.class = value;
	if (!is_base)
		match->kind++;
	return TRUE;
}

static gboolean parse_class_head(char **words, guint n, GArray *matches, char **wrong)
{
	ResetMatch match = { .kind = RESET_MATCH_BASE_CLASS };

	if (n != 2)
		return fail(wrong, words[0], "whole group; write [class CC] or [class CCSS]");
	if (!parse_class(words[1], &match, wrong))
		return FALSE;
	g_array_append_val(matches, match);
	return TRUE;
}

static gboolean parse_vendor_head(char **words, guint n, GArray *matches, char **wrong)
{
	ResetMatch match = { .kind = RESET_MATCH_VENDOR_BASE_CLASS };

	if (n != 4 || !g_str_equal(words[2], "class"))
		return fail(wrong, words[0], "whole group; write [vendor VVVV class CC] or [vendor VVVV class CCSS]");
	if (!parse_id(words[1], &match.id.vendor))
		return fail(wrong, words[1], "vendor; write four hexadecimal digits, as lspci -nn shows them");
	if (!parse_class(words[3], &match, wrong))
		return FALSE;
	g_array_append_val(matches, match);
	return TRUE;
}

/* --- */

static const struct {
	const char *word;
	gboolean (*parse)(char **words, guint n, GArray *matches, char **wrong);
} heads[] = {
	{ "device", parse_device_head },
	{ "vendor", parse_vendor_head },
	{ "class", parse_class_head },
};

static gboolean fail_head(char **wrong, const char *word)
{
	static const char *const known[] = { "device", "vendor", "class", NULL };
	const char *nearest = hostler_text_nearest(word, known);
	g_autofree char *shown = hostler_text_shown(word);

	*wrong = nearest != NULL ?
			 g_strdup_printf("unknown group '%s'; did you mean '%s'?", shown, nearest) :
			 g_strdup_printf("unknown group '%s'; known here: device, vendor, class", shown);
	return FALSE;
}

static gboolean parse_head(char **words, GArray *matches, char **wrong)
{
	guint n = g_strv_length(words);

	for (gsize i = 0; n > 0 && i < G_N_ELEMENTS(heads); i++) {
		if (g_str_equal(heads[i].word, words[0]))
			return heads[i].parse(words, n, matches, wrong);
	}
	return fail_head(wrong, n > 0 ? words[0] : "");
}

GArray *reset_matches_parse(const char *text, char **wrong)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 8);
	g_autoptr(GArray) matches = g_array_new(FALSE, TRUE, sizeof(ResetMatch));

	return parse_head(words, matches, wrong) ? g_steal_pointer(&matches) : NULL;
}

/* What the kind does not ask for is 0, and there is no padding. */
gboolean reset_match_among(const GArray *matches, const ResetMatch *match)
{
	const ResetMatch *all = (const ResetMatch *)(gpointer)matches->data;

	for (guint i = 0; i < matches->len; i++) {
		if (memcmp(&all[i], match, sizeof(*match)) == 0)
			return TRUE;
	}
	return FALSE;
}

gboolean reset_match_is(const ResetMatch *match, const ResetIdentity *device)
{
	ResetMatch asked = { .kind = match->kind };
	gboolean by_class = match->kind < RESET_MATCH_DEVICE;
	gboolean whole_class = match->kind == RESET_MATCH_CLASS || match->kind == RESET_MATCH_VENDOR_CLASS;

	if (match->kind >= RESET_MATCH_VENDOR_BASE_CLASS)
		asked.id.vendor = device->vendor;
	if (by_class)
		asked.id.class = device->class >> (whole_class ? 8 : 16);
	else
		asked.id.device = device->device;
	if (match->kind == RESET_MATCH_SUBSYSTEM) {
		asked.id.subsystem_vendor = device->subsystem_vendor;
		asked.id.subsystem_device = device->subsystem_device;
	}
	return memcmp(match, &asked, sizeof(asked)) == 0;
}

char *reset_match_text(const ResetMatch *match)
{
	const ResetIdentity *id = &match->id;

	switch (match->kind) {
	case RESET_MATCH_BASE_CLASS:
		return g_strdup_printf("class %02x", id->class);
	case RESET_MATCH_CLASS:
		return g_strdup_printf("class %04x", id->class);
	case RESET_MATCH_VENDOR_BASE_CLASS:
		return g_strdup_printf("vendor %04x class %02x", id->vendor, id->class);
	case RESET_MATCH_VENDOR_CLASS:
		return g_strdup_printf("vendor %04x class %04x", id->vendor, id->class);
	case RESET_MATCH_DEVICE:
		return g_strdup_printf("device %04x:%04x", id->vendor, id->device);
	case RESET_MATCH_SUBSYSTEM:
	default:
		return g_strdup_printf("device %04x:%04x %04x:%04x", id->vendor, id->device, id->subsystem_vendor,
				       id->subsystem_device);
	}
}
