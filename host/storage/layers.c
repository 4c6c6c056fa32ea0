/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How layers become one text: "ext4 on LVM on SSD and HDD". */
#include "host/storage/layers.h"

#include "hostler/storage.h"
#include "hostler/text.h"

#define MAX_DEPTH 16
#define FACT_CHARACTERS 1000

Layers layers_new(const char *text, const char *kind)
{
	return (Layers){ g_strdup(text), g_strdup(kind != NULL ? kind : text) };
}

void layers_clear(Layers *layers)
{
	g_clear_pointer(&layers->text, g_free);
	g_clear_pointer(&layers->kind, g_free);
}

static void join(char **left, const char *word, char *right)
{
	char *whole = g_strconcat(*left, word, right, NULL);

	g_free(*left);
	g_free(right);
	*left = whole;
}

Layers layers_stack(Layers top, Layers below)
{
	if (below.text == NULL)
		return top;
	join(&top.text, " on ", below.text);
	join(&top.kind, " on ", below.kind);
	return top;
}

static gboolean has_part(const char *all, const char *part)
{
	g_auto(GStrv) parts = g_strsplit(all, " and ", -1);

	return g_strv_contains((const char *const *)parts, part);
}

void layers_beside(Layers *all, Layers more)
{
	g_auto(Layers) taken = more;

	if (taken.text == NULL)
		return;
	if (all->text == NULL) {
		*all = layers_new(taken.text, taken.kind);
		return;
	}
	if (!has_part(all->text, taken.text))
		join(&all->text, " and ", g_steal_pointer(&taken.text));
	if (!has_part(all->kind, taken.kind))
		join(&all->kind, " and ", g_steal_pointer(&taken.kind));
}

/* Whoever may mount with FUSE chooses its type and what it is mounted from. */
void ground_tell(Ground *ground, const char *key, const char *value)
{
	g_autofree char *shown = hostler_text_line(value, FACT_CHARACTERS);

	if (value != NULL && !g_key_file_has_key(ground->facts, HOSTLER_STORAGE, key, NULL))
		g_key_file_set_string(ground->facts, HOSTLER_STORAGE, key, shown);
}

void ground_tell_degraded(Ground *ground, const char *mend, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	ground_tell(ground, HOSTLER_STORAGE_DEGRADED, text);
	ground_tell(ground, HOSTLER_STORAGE_MEND, mend);
}

gboolean ground_descend(Ground *ground)
{
	return ++ground->depth <= MAX_DEPTH;
}

gboolean ground_may_wait(Ground *ground)
{
	ground->gave_up |= ground->peeks;
	return !ground->peeks;
}
