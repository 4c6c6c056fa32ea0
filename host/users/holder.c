/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands on a block device, up through all that is built of it: logical
 * volumes, encrypted ones, arrays, caches, and their partitions. */
#include "host/users/holder.h"

#include "hostler/text.h"
#include "host/file.h"
#include "host/machine.h"

#define BLOCKS "/sys/class/block"
#define DEPTH_MAX 8

typedef struct {
	Search *search;
	const Mounts *mounts;
	guint depth;
} Climb;

static const struct {
	const char *prefix; /* of dm/uuid, by which the makers of volumes tell theirs */
	const char *kind;
} volumes[] = {
	{ "LVM-", "LVM" },
	{ "CRYPT-", "encrypted" },
	{ "mpath-", "multipath" },
	{ "", "device-mapper" },
};

/* "the LVM volume vg-root", for a person who knows dm-0 by no other name. */
static char *volume_name(Search *search, const char *name)
{
	g_autofree char *uuid = search_read(search, BLOCKS, name, "dm/uuid");
	g_autofree char *text = search_read(search, BLOCKS, name, "dm/name");
	g_autofree char *shown = hostler_text_shown(text);

	for (gsize i = 0; text != NULL && i < G_N_ELEMENTS(volumes); i++) {
		if (g_str_has_prefix(uuid != NULL ? uuid : "", volumes[i].prefix))
			return g_strdup_printf("the %s volume %s", volumes[i].kind, shown);
	}
	return NULL;
}

static char *holder_name(Search *search, const char *name)
{
	char *volume = volume_name(search, name);

	if (volume != NULL)
		return volume;
	if (g_str_has_prefix(name, "md"))
		return g_strdup_printf("the RAID array %s", name);
	if (g_str_has_prefix(name, "bcache"))
		return g_strdup_printf("the cached disk %s (bcache)", name);
	if (g_str_has_prefix(name, "loop"))
		return g_strdup_printf("the loop device %s", name);
	return g_strdup(name);
}

/* Where a person and a table of mounts may have it from. */
static GStrv node_paths(Search *search, const char *name)
{
	g_autoptr(GStrvBuilder) paths = g_strv_builder_new();
	g_autofree char *node = search_uevent(search, BLOCKS, name, "DEVNAME");
	g_autofree char *volume = search_read(search, BLOCKS, name, "dm/name");
	g_autofree char *path = g_strdup_printf("/dev/%s", node != NULL ? node : name);
	g_autofree char *mapper = volume != NULL ? g_strdup_printf("/dev/mapper/%s", volume) : NULL;

	g_strv_builder_add(paths, path);
	if (mapper != NULL)
		g_strv_builder_add(paths, mapper);
	return g_strv_builder_end(paths);
}

static gboolean say_itself(const Climb *climb, const char *name, const char *lead)
{
	g_autofree char *dev = search_read(climb->search, BLOCKS, name, "dev");
	g_auto(GStrv) nodes = node_paths(climb->search, name);
	g_autofree char *mount = mounts_describe(climb->mounts, dev != NULL ? dev : "", (const char *const *)nodes);
	gboolean swap = mounts_have_swap(climb->mounts, (const char *const *)nodes);

	if (mount != NULL)
		search_say(climb->search, "%s %s", lead, mount);
	if (swap)
		search_say(climb->search, "%s swap space", lead);
	return mount != NULL || swap;
}

static gboolean say(const Climb *climb, const char *name, const char *lead);

/* An array may have partitions, which hang below it as those of a disk do. */
static gboolean say_partitions(const Climb *climb, const char *name, const char *lead)
{
	g_autofree char *part = g_strdup_printf("/%s/", name);
	g_autoptr(GPtrArray) partitions = search_links(climb->search, BLOCKS, part);
	gboolean said = FALSE;

	for (guint i = 0; i < partitions->len; i++) {
		const char *partition = g_ptr_array_index(partitions, i);
		g_autofree char *further = g_strdup_printf("%s, whose partition %s is", lead, partition);

		said |= say(climb, partition, further);
	}
	return said;
}

static void say_holder(const Climb *climb, const char *holder, const char *lead)
{
	Climb higher = { climb->search, climb->mounts, climb->depth + 1 };
	g_autofree char *shown = holder_name(climb->search, holder);
	g_autofree char *name = g_strdup_printf("%s part of %s", lead, shown);
	g_autofree char *further = g_strdup_printf("%s, which is", name);
	gboolean said = higher.depth < DEPTH_MAX && say(&higher, holder, further);

	if (higher.depth < DEPTH_MAX)
		said |= say_partitions(&higher, holder, name);
	if (!said)
		search_say(climb->search, "%s", name);
}

/* A loop device is no holder of what it stands on, claims it for nobody, and no program has it open. */
static gboolean say_loops(const Climb *climb, const char *name, const char *lead)
{
	g_autoptr(GPtrArray) loops = search_links(climb->search, BLOCKS, "/virtual/block/loop");
	g_auto(GStrv) nodes = node_paths(climb->search, name);
	gboolean said = FALSE;

	for (guint i = 0; i < loops->len; i++) {
		const char *loop = g_ptr_array_index(loops, i);
		g_autofree char *file = search_read(climb->search, BLOCKS, loop, "loop/backing_file");

		if (file == NULL || !g_strv_contains((const char *const *)nodes, file))
			continue;
		say_holder(climb, loop, lead);
		said = TRUE;
	}
	return said;
}

static gboolean say(const Climb *climb, const char *name, const char *lead)
{
	g_autofree char *path = machine_path(climb->search->host, BLOCKS, name, "holders", NULL);
	g_autoptr(GPtrArray) holders = folder_names(path);
	gboolean said = say_itself(climb, name, lead);

	for (guint i = 0; holders != NULL && i < holders->len; i++) {
		say_holder(climb, g_ptr_array_index(holders, i), lead);
		said = TRUE;
	}
	return say_loops(climb, name, lead) || said;
}

gboolean holders_say(Search *search, const Mounts *mounts, const char *name, const char *lead)
{
	return say(&(Climb){ search, mounts, 0 }, name, lead);
}
