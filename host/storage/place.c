/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In which mount a file lies. Its device number would not tell: btrfs and overlay
 * show files under numbers that no mount has. */
#include "host/storage/place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "hostler/error.h"
#include "hostler/text.h"
#include "host/file.h"
#include "host/machine.h"

#define TABLE_MAX_BYTES (4 * 1024 * 1024)

/* --- the file --- */

/* A NAS may keep root from looking into the VM's folder: the folder above lies in
 * the same mount, or nobody can tell. */
static gboolean look(HostlerHost *host, const char *path, Place *place)
{
	g_autofree char *at = machine_path(host, path, NULL);

	place->seen = TRUE;
	while (statx(AT_FDCWD, at, 0, STATX_BASIC_STATS | STATX_MNT_ID, &place->stat) < 0) {
		char *above = errno == EACCES && !g_str_equal(at, "/") ? g_path_get_dirname(at) : NULL;

		place->seen = FALSE;
		if (above == NULL)
			return FALSE;
		g_free(at);
		at = above;
	}
	return TRUE;
}

/* --- its mount --- */

/* id parent major:minor root mount-point options [tags...] - type source options */
typedef struct {
	char **fields;
	guint dash;
} Line;

static gboolean split(const char *text, Line *line)
{
	line->fields = g_strsplit(text, " ", -1);
	line->dash = 0;
	while (line->fields[line->dash] != NULL && !g_str_equal(line->fields[line->dash], "-"))
		line->dash++;
	if (line->dash >= 6 && g_strv_length(line->fields) >= line->dash + 4)
		return TRUE;
	g_clear_pointer(&line->fields, g_strfreev);
	return FALSE;
}

static void take(Place *place, const Line *line)
{
	place_clear(place);
	place->number = g_strdup(line->fields[2]);
	place->point = g_strcompress(line->fields[4]);
	place->type = g_strdup(line->fields[line->dash + 1]);
	place->source = g_strcompress(line->fields[line->dash + 2]);
	place->options = g_strjoin(",", line->fields[5], line->fields[line->dash + 3], NULL);
}

/* Of equal ones the last is on top. */
static gboolean lies_below(const Place *place, const char *path, const char *point)
{
	gsize length = g_str_equal(point, "/") ? 0 : strlen(point);

	return strncmp(path, point, length) == 0 && (path[length] == '/' || path[length] == '\0') &&
	       (place->point == NULL || strlen(point) >= strlen(place->point));
}

/* By its id, which kernels tell since 5.8; before that by its path. */
static void find_mount(const char *table, const char *path, Place *place)
{
	g_auto(GStrv) lines = g_strsplit(table, "\n", -1);
	gboolean has_id = (place->stat.stx_mask & STATX_MNT_ID) != 0;

	for (gsize i = 0; lines[i] != NULL; i++) {
		Line line;
		g_autofree char *point = NULL;
		gboolean is_it;

		if (!split(lines[i], &line))
			continue;
		point = g_strcompress(line.fields[4]);
		is_it = has_id && g_ascii_strtoull(line.fields[0], NULL, 10) == place->stat.stx_mnt_id;
		if (is_it || lies_below(place, path, point))
			take(place, &line);
		g_strfreev(line.fields);
		if (is_it)
			return;
	}
}

gboolean place_find(HostlerHost *host, const char *path, Place *place, GError **error)
{
	g_autofree char *file = machine_path(host, "/proc/self/mountinfo", NULL);
	g_autofree char *shown = hostler_text_shown(path);
	g_autofree char *table = NULL;

	*place = (Place){ 0 };
	if (!look(host, path, place)) {
		machine_error(error, errno, "%s", shown);
		return FALSE;
	}
	table = file_read_line(file, TABLE_MAX_BYTES);
	if (table != NULL)
		find_mount(table, path, place);
	if (place->type != NULL)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "%s lies in no mount that %s lists", shown, file);
	return FALSE;
}

void place_clear(Place *place)
{
	g_clear_pointer(&place->number, g_free);
	g_clear_pointer(&place->type, g_free);
	g_clear_pointer(&place->point, g_free);
	g_clear_pointer(&place->source, g_free);
	g_clear_pointer(&place->options, g_free);
}

char *place_option(const Place *place, const char *name)
{
	g_auto(GStrv) options = g_strsplit(place->options, ",", -1);
	gsize length = strlen(name);

	for (gsize i = 0; options[i] != NULL; i++) {
		if (strncmp(options[i], name, length) != 0)
			continue;
		if (options[i][length] == '\0')
			return g_strdup("");
		if (options[i][length] == '=')
			return g_strcompress(options[i] + length + 1);
	}
	return NULL;
}
