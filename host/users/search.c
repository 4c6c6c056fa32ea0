/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all kinds of use need: the classes of sysfs, the tables of /proc, and the
 * phrases that come of them. */
#include "host/users/search.h"

#include <errno.h>
#include <string.h>

#include "hostler/text.h"
#include "host/file.h"
#include "host/machine.h"
#include "host/users/block.h"
#include "host/users/open.h"

#define TABLE_MAX_BYTES (32 * 1024 * 1024) /* as many connections as a large server has */
#define ATTRIBUTE_MAX_BYTES 4096
#define PHRASE_MAX 600 /* of characters; the names in it are cut before */
#define PHRASES_MAX 8

void search_begin(Search *search, HostlerHost *host, const char *bdf, HostlerUse use)
{
	*search = (Search){
		.host = host,
		.bdf = bdf,
		.use = use,
		.phrases = g_ptr_array_new_with_free_func(g_free),
		.nodes = nodes_new(),
		.blocks = blocks_new(),
	};
}

void search_clear(Search *search)
{
	g_clear_pointer(&search->phrases, g_ptr_array_unref);
	g_clear_pointer(&search->nodes, g_hash_table_unref);
	g_clear_pointer(&search->blocks, g_ptr_array_unref);
}

void search_say(Search *search, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_ptr_array_add(search->phrases, hostler_text_line(text, PHRASE_MAX));
}

GStrv search_end(const Search *search)
{
	g_autoptr(GStrvBuilder) phrases = g_strv_builder_new();
	guint n = search->phrases->len;

	for (guint i = 0; i < MIN(n, PHRASES_MAX); i++)
		g_strv_builder_add(phrases, g_ptr_array_index(search->phrases, i));
	if (n > PHRASES_MAX) {
		g_autofree char *more = g_strdup_printf("and %u more", n - PHRASES_MAX);

		g_strv_builder_add(phrases, more);
	}
	return g_strv_builder_end(phrases);
}

/* --- sysfs --- */

char *search_link(Search *search, const char *class, const char *name)
{
	g_autofree char *path = machine_path(search->host, class, name, NULL);

	return link_read(path);
}

GPtrArray *search_links(Search *search, const char *class, const char *part)
{
	g_autofree char *path = machine_path(search->host, class, NULL);
	g_autoptr(GPtrArray) names = folder_names(path);
	GPtrArray *found = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *link = search_link(search, class, name);

		if (link != NULL && strstr(link, part) != NULL)
			g_ptr_array_add(found, g_strdup(name));
	}
	return found;
}

/* A class folder links each of its entries to where it hangs: below the PCI
 * device, if that is a part of the way. */
GPtrArray *search_below(Search *search, const char *class)
{
	g_autofree char *part = g_strdup_printf("/%s/", search->bdf);

	return search_links(search, class, part);
}

char *search_read(Search *search, const char *class, const char *name, const char *attribute)
{
	g_autofree char *path = machine_path(search->host, class, name, attribute, NULL);

	return file_read_line(path, ATTRIBUTE_MAX_BYTES);
}

char *search_uevent(Search *search, const char *class, const char *name, const char *key)
{
	g_autofree char *uevent = search_read(search, class, name, "uevent");
	g_auto(GStrv) lines = g_strsplit(uevent != NULL ? uevent : "", "\n", -1);
	gsize length = strlen(key);

	for (gsize i = 0; lines[i] != NULL; i++) {
		if (strncmp(lines[i], key, length) == 0 && lines[i][length] == '=')
			return g_strdup(lines[i] + length + 1);
	}
	return NULL;
}

/* --- /proc --- */

gboolean search_table(Search *search, const char *name, char **table, GError **error)
{
	g_autofree char *path = machine_path(search->host, "/proc", name, NULL);

	*table = file_read_line(path, TABLE_MAX_BYTES);
	if (*table != NULL || errno == ENOENT)
		return TRUE;
	machine_error(error, errno, "cannot read %s", path);
	return FALSE;
}

/* Blanks in names are escaped in these tables, so an empty field is none. */
static GStrv split(const char *line, gsize length)
{
	g_autofree char *text = g_strndup(line, length);
	g_auto(GStrv) parts = g_strsplit_set(text, " \t", -1);
	g_autoptr(GStrvBuilder) fields = g_strv_builder_new();

	for (gsize i = 0; parts[i] != NULL; i++) {
		if (parts[i][0] != '\0')
			g_strv_builder_add(fields, parts[i]);
	}
	return g_strv_builder_end(fields);
}

void each_line(const char *table, gboolean (*each)(char **fields, guint n, gpointer data), gpointer data)
{
	const char *line = table != NULL ? table : "";

	while (*line != '\0') {
		gsize length = strcspn(line, "\n");
		g_auto(GStrv) fields = split(line, length);

		if (!each(fields, g_strv_length(fields), data))
			return;
		line += length + (line[length] == '\n');
	}
}
