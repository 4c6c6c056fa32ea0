/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether somebody would still have a keyboard. */
#include "host/users/keyboard.h"

#include <string.h>

#include "hostler/text.h"

#define INPUTS "/sys/class/input"
/* KEY_ESC (1) to KEY_S (31): escape, digits and letters; no mouse and no power button has all. */
#define KEYS 0xfffffffeU

/* The bitmap's words are written highest first. */
static gboolean is_keyboard(Search *search, const char *name)
{
	g_autofree char *keys = search_read(search, INPUTS, name, "capabilities/key");
	const char *last = keys != NULL ? strrchr(keys, ' ') : NULL;
	guint64 word;

	if (keys == NULL)
		return FALSE;
	word = g_ascii_strtoull(last != NULL ? last + 1 : keys, NULL, 16);
	return (word & KEYS) == KEYS;
}

/* A program's keyboard (uinput) types nothing by itself. Not so one by
 * Bluetooth, which is virtual/misc/uhid. */
static gboolean has_hands(Search *search, const char *name)
{
	g_autofree char *link = search_link(search, INPUTS, name);

	return link != NULL && strstr(link, "/virtual/input/") == NULL;
}

void keyboard_see(Search *search)
{
	g_autofree char *part = g_strdup_printf("/%s/", search->bdf);
	g_autoptr(GPtrArray) inputs = search_links(search, INPUTS, "/input");
	g_autofree char *first = NULL;

	for (guint i = 0; i < inputs->len; i++) {
		const char *name = g_ptr_array_index(inputs, i);
		g_autofree char *link = search_link(search, INPUTS, name);

		if (!is_keyboard(search, name) || !has_hands(search, name) || link == NULL)
			continue;
		if (strstr(link, part) == NULL)
			return;
		if (first == NULL)
			first = search_read(search, INPUTS, name, "name");
		if (first == NULL)
			first = g_strdup(name);
	}
	if (first != NULL) {
		g_autofree char *shown = hostler_text_shown(first);

		search_say(search, "the only keyboard (%s) hangs on it", shown);
	}
}
