/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps a full disk from filling the journal as well. */
#include "trouble.h"

#define SUCCESSES 2

struct _Trouble {
	GHashTable *files; /* name -> Broken */
};

typedef struct {
	char *message;
	guint successes; /* since the last failure */
} Broken;

static void broken_free(gpointer data)
{
	Broken *broken = data;

	g_free(broken->message);
	g_free(broken);
}

Trouble *trouble_new(void)
{
	Trouble *trouble = g_new(Trouble, 1);

	trouble->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, broken_free);
	return trouble;
}

void trouble_free(Trouble *trouble)
{
	g_hash_table_unref(trouble->files);
	g_free(trouble);
}

static gboolean is_said(const Trouble *trouble, const char *message)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, trouble->files);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		if (g_str_equal(((const Broken *)value)->message, message))
			return TRUE;
	}
	return FALSE;
}

gboolean trouble_failed(Trouble *trouble, const char *file, const char *message)
{
	gboolean news = !is_said(trouble, message);
	Broken *broken = g_new0(Broken, 1);

	broken->message = g_strdup(message);
	g_hash_table_replace(trouble->files, g_strdup(file), broken);
	return news;
}

gboolean trouble_worked(Trouble *trouble, const char *file)
{
	Broken *broken = g_hash_table_lookup(trouble->files, file);

	if (broken == NULL || ++broken->successes < SUCCESSES)
		return FALSE;
	g_hash_table_remove(trouble->files, file);
	return g_hash_table_size(trouble->files) == 0;
}

gboolean trouble_forget(Trouble *trouble, const char *file)
{
	const Broken *broken = g_hash_table_lookup(trouble->files, file);
	gboolean works = broken != NULL && broken->successes > 0;

	g_hash_table_remove(trouble->files, file);
	return works && g_hash_table_size(trouble->files) == 0;
}
