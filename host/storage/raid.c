/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is made of several disks: md, btrfs, ZFS; and whether it has all of them. */
#include <string.h>

#include "host/file.h"
#include "host/machine.h"
#include "host/storage/layers.h"

#define LINE_MAX_BYTES 4096

static guint read_count(const Ground *ground, const char *name, const char *attribute)
{
	g_autofree char *text = block_read(ground, name, attribute);

	return text != NULL ? (guint)g_ascii_strtoull(text, NULL, 10) : 0;
}

/* --- md --- */

static void see_lost(Ground *ground, const char *name, const char *level, guint disks, guint lost)
{
	g_autofree char *mend = NULL;

	if (lost == 0)
		return;
	mend = g_strdup_printf("mdadm --detail /dev/%s; mdadm --manage /dev/%s --add /dev/DISK", name, name);
	ground_tell_degraded(ground, mend, "%s (%s) has %u of %u members", name, level, disks - MIN(lost, disks),
			     disks);
}

/* "resync", "recover", ... while it is at work on itself. */
static char *read_action(const Ground *ground, const char *name)
{
	g_autofree char *action = block_read(ground, name, "md/sync_action");
	gboolean at_work = action != NULL && *action != '\0' && !g_str_equal(action, "idle") &&
			   !g_str_equal(action, "frozen");

	return at_work ? g_strconcat(", ", action, NULL) : g_strdup("");
}

Layers ground_of_md(Ground *ground, const char *name)
{
	g_autofree char *level = block_read(ground, name, "md/level");
	g_autofree char *action = read_action(ground, name);
	guint disks = read_count(ground, name, "md/raid_disks");
	guint lost = read_count(ground, name, "md/degraded");
	g_autofree char *kind = NULL;
	g_autofree char *text = NULL;

	if (level == NULL || *level == '\0')
		return layers_new("md", NULL); /* not started */
	see_lost(ground, name, level, disks, lost);
	kind = g_strdup_printf("md %s", level);
	text = g_strdup_printf("%s (%u of %u%s)", kind, disks - MIN(lost, disks), disks, action);
	return layers_stack(layers_new(text, kind), ground_of_members(ground, name));
}

/* --- btrfs: /sys/fs/btrfs/<uuid>/devices/ has a link for each disk --- */

#define BTRFS "/sys/fs/btrfs"

static gboolean has_name(const GPtrArray *names, const char *name)
{
	for (guint i = 0; names != NULL && i < names->len; i++) {
		if (g_str_equal(g_ptr_array_index(names, i), name))
			return TRUE;
	}
	return FALSE;
}

/* The disks of the file system that this one belongs to; NULL: none says so. */
static GPtrArray *find_btrfs(const Ground *ground, const char *name, char **uuid)
{
	g_autofree char *path = machine_path(ground->host, BTRFS, NULL);
	g_autoptr(GPtrArray) all = folder_names(path);

	for (guint i = 0; all != NULL && i < all->len; i++) {
		g_autofree char *folder = g_build_filename(path, g_ptr_array_index(all, i), "devices", NULL);
		g_autoptr(GPtrArray) disks = folder_names(folder);

		if (has_name(disks, name)) {
			*uuid = g_strdup(g_ptr_array_index(all, i));
			return g_steal_pointer(&disks);
		}
	}
	return NULL;
}

/* "raid1": a folder of that name beside the figures of how data is laid out. */
static const char *find_profile(const Ground *ground, const char *uuid)
{
	static const char *const profiles[] = { "raid0", "raid1", "raid1c3", "raid1c4", "raid10", "raid5", "raid6",
						"dup", NULL };
	g_autofree char *path = machine_path(ground->host, BTRFS, uuid, "allocation/data", NULL);
	g_autoptr(GPtrArray) names = folder_names(path);

	for (gsize i = 0; profiles[i] != NULL; i++) {
		if (has_name(names, profiles[i]))
			return profiles[i];
	}
	return NULL;
}

static guint count_missing(const Ground *ground, const char *uuid)
{
	g_autofree char *path = machine_path(ground->host, BTRFS, uuid, "devinfo", NULL);
	g_autoptr(GPtrArray) ids = folder_names(path);
	guint missing = 0;

	for (guint i = 0; ids != NULL && i < ids->len; i++) {
		g_autofree char *file = g_build_filename(path, g_ptr_array_index(ids, i), "missing", NULL);
		g_autofree char *text = file_read_line(file, LINE_MAX_BYTES);

		missing += g_strcmp0(text, "1") == 0;
	}
	return missing;
}

static Layers name_btrfs(Ground *ground, const char *uuid, guint disks)
{
	const char *profile = find_profile(ground, uuid);
	g_autofree char *kind = profile != NULL ? g_strdup_printf("btrfs %s", profile) : g_strdup("btrfs");
	guint missing = count_missing(ground, uuid);
	g_autofree char *text = NULL;

	if (missing > 0)
		ground_tell_degraded(ground, "btrfs filesystem show; btrfs replace start MISSING-ID /dev/DISK MOUNT",
				     "the btrfs %s lacks %u of %u disks", uuid, missing, disks + missing);
	if (disks + missing > 1)
		text = g_strdup_printf("%s (%u of %u)", kind, disks, disks + missing);
	return layers_new(text != NULL ? text : kind, kind);
}

Layers ground_of_btrfs(Ground *ground, const char *name)
{
	g_autofree char *uuid = NULL;
	g_autoptr(GPtrArray) disks = find_btrfs(ground, name, &uuid);
	Layers below = { 0 };

	if (disks == NULL)
		return layers_stack(layers_new("btrfs", NULL), ground_of_block(ground, name));
	for (guint i = 0; i < disks->len; i++)
		layers_beside(&below, ground_of_block(ground, g_ptr_array_index(disks, i)));
	return layers_stack(name_btrfs(ground, uuid, disks->len), below);
}

/* --- ZFS says no more to those who do not link its library --- */

void ground_see_pool(Ground *ground, const char *dataset)
{
	g_autofree char *pool = g_strndup(dataset, strcspn(dataset, "/"));
	g_autofree char *path = machine_path(ground->host, "/proc/spl/kstat/zfs", pool, "state", NULL);
	g_autofree char *state = file_read_line(path, LINE_MAX_BYTES);
	g_autofree char *mend = g_strdup_printf("zpool status -x %s", pool);

	if (state != NULL && !g_str_equal(state, "ONLINE"))
		ground_tell_degraded(ground, mend, "the ZFS pool %s is %s", pool, state);
}
