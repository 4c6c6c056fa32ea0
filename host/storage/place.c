/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In which mount a file lies. Its device number would not tell: btrfs and overlay
 * show files under numbers that no mount has. */
#include "host/storage/place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostler/error.h"
#include "hostler/text.h"
#include "host/file.h"
#include "host/machine.h"

#define TABLE_MAX_BYTES (4 * 1024 * 1024)
#define FDINFO_MAX_BYTES 4096

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
	place->mount = g_ascii_strtoull(line->fields[0], NULL, 10);
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

static gboolean read_mount(HostlerHost *host, const char *path, Place *place)
{
	g_autofree char *file = machine_path(host, "/proc/self/mountinfo", NULL);
	g_autofree char *table = file_read_line(file, TABLE_MAX_BYTES);

	if (table != NULL)
		find_mount(table, path, place);
	return place->type != NULL;
}

gboolean place_find(HostlerHost *host, const char *path, Place *place, GError **error)
{
	g_autofree char *shown = hostler_text_shown(path);

	*place = (Place){ 0 };
	if (!look(host, path, place)) {
		machine_error(error, errno, "%s", shown);
		return FALSE;
	}
	if (read_mount(host, path, place))
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "%s lies in no mount that /proc/self/mountinfo lists",
		    shown);
	return FALSE;
}

/* --- without waiting --- */

/* Those that ask nobody for what statx() tells of a file that is in memory. */
static gboolean is_local(const Place *place)
{
	static const char *const types[] = { "ext2", "ext3", "ext4", "xfs", "tmpfs", "devtmpfs", NULL };

	return g_strv_contains(types, place->type);
}

/* So that a look at the table of mounts, which asks no file system, says what the path leads through. */
static gboolean is_plain(const char *path)
{
	g_autofree char *canonical = g_canonicalize_filename(path, "/");

	return path[0] == '/' && path[1] != '/' && g_str_equal(canonical, path);
}

/* By the kernel's cache of names alone (since 5.12). QEMU, which has the image open, keeps
 * it there. What would have to be asked for is EAGAIN. */
static int open_cached(HostlerHost *host, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_CACHED | RESOLVE_NO_SYMLINKS };
	g_autofree char *file = machine_path(host, path, NULL);

	return (int)syscall(SYS_openat2, AT_FDCWD, file, &how, sizeof(how));
}

/* Of the mount itself: statx() would tell too, but asks its file system. 0: not known. */
static guint64 read_mount_id(HostlerHost *host, int fd)
{
	g_autofree char *name = g_strdup_printf("%d", fd);
	g_autofree char *path = machine_path(host, "/proc/self/fdinfo", name, NULL);
	g_autofree char *text = file_read_line(path, FDINFO_MAX_BYTES);
	const char *id = text != NULL ? strstr(text, "\nmnt_id:") : NULL;

	return id != NULL ? g_ascii_strtoull(id + strlen("\nmnt_id:"), NULL, 10) : 0;
}

static gboolean see_cached(HostlerHost *host, const char *path, Place *place)
{
	int fd = open_cached(host, path);
	guint64 id;

	if (fd < 0)
		return FALSE;
	id = read_mount_id(host, fd);
	place->seen = id != 0 && id == place->mount &&
		      statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &place->stat) == 0;
	close(fd);
	return place->seen;
}

/* The top of a mount is left out: the kernel asks its file system whether it is still
 * good, even when it was to look into its cache only. */
gboolean place_peek(HostlerHost *host, const char *path, Place *place)
{
	*place = (Place){ 0 };
	return is_plain(path) && read_mount(host, path, place) && is_local(place) &&
	       !g_str_equal(place->point, path) && see_cached(host, path, place);
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
