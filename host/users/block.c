/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block devices below a PCI device: of an NVMe drive, of what hangs on a
 * SATA, SAS or USB controller. */
#include "host/users/block.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/machine.h"
#include "host/users/holder.h"
#include "host/users/open.h"

#define BLOCKS "/sys/class/block"
#define TRIES 5 /* another hostler may just be trying, too */
#define PAUSE (20 * 1000)

typedef struct {
	char *name;
	char *node;
	char *disk;    /* a partition's; NULL: it is one itself */
	gboolean said; /* somebody spoke of it */
} Block;

static void block_free(gpointer data)
{
	Block *block = data;

	g_free(block->name);
	g_free(block->node);
	g_free(block->disk);
	g_free(block);
}

GPtrArray *blocks_new(void)
{
	return g_ptr_array_new_with_free_func(block_free);
}

/* --- which there are --- */

static void add_block(Search *search, const char *name)
{
	Block *block = g_new0(Block, 1);
	g_autofree char *partition = search_read(search, BLOCKS, name, "partition");
	g_autofree char *dev = search_read(search, BLOCKS, name, "dev");
	g_autofree char *link = partition != NULL ? search_link(search, BLOCKS, name) : NULL;
	g_autofree char *disk = link != NULL ? g_path_get_dirname(link) : NULL;

	block->name = g_strdup(name);
	block->node = search_uevent(search, BLOCKS, name, "DEVNAME");
	if (block->node == NULL)
		block->node = g_strdup(name);
	if (disk != NULL)
		block->disk = g_path_get_basename(disk);
	g_ptr_array_add(search->blocks, block);
	node_add(search, block->node, dev);
}

/* An NVMe drive that could be reached by more than one way: below the device
 * is only the way, nvme0c1n1, and the disk, nvme0n1, is nobody's child. */
static char *disk_behind_way(const char *name)
{
	guint subsystem, controller, namespace;
	int end = 0;

	if (sscanf(name, "nvme%uc%un%u%n", &subsystem, &controller, &namespace, &end) < 3 || name[end] != '\0')
		return NULL;
	return g_strdup_printf("nvme%un%u", subsystem, namespace);
}

static void add_disk_behind(Search *search, const char *disk)
{
	g_autofree char *part = g_strdup_printf("/%s/", disk);
	g_autoptr(GPtrArray) partitions = search_links(search, BLOCKS, part);

	add_block(search, disk);
	for (guint i = 0; i < partitions->len; i++)
		add_block(search, g_ptr_array_index(partitions, i));
}

static void find_blocks(Search *search)
{
	g_autoptr(GPtrArray) names = search_below(search, BLOCKS);

	for (guint i = 0; i < names->len; i++) {
		g_autofree char *disk = disk_behind_way(g_ptr_array_index(names, i));

		if (disk != NULL)
			add_disk_behind(search, disk);
		else
			add_block(search, g_ptr_array_index(names, i));
	}
}

gboolean blocks_see(Search *search, GError **error)
{
	g_auto(Mounts) mounts = { 0 };

	find_blocks(search);
	if (search->blocks->len == 0)
		return TRUE;
	if (!mounts_read(search, &mounts, error))
		return FALSE;
	for (guint i = 0; i < search->blocks->len; i++) {
		Block *block = g_ptr_array_index(search->blocks, i);
		g_autofree char *lead = g_strdup_printf("%s is", block->name);

		block->said = holders_say(search, &mounts, block->name, lead);
	}
	return TRUE;
}

/* --- those that nobody spoke of --- */

typedef enum {
	FREE,
	HELD,
	UNKNOWN,
} Hold;

/* ZFS, bcachefs and others take a disk for themselves and show it nowhere. */
static Hold try_block(Search *search, const Block *block)
{
	g_autofree char *path = machine_path(search->host, "/dev", block->node, NULL);

	for (int i = 0; i < TRIES; i++) {
		int fd = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

		if (fd >= 0) {
			close(fd);
			return FREE;
		}
		if (errno != EBUSY)
			return UNKNOWN;
		g_usleep(PAUSE);
	}
	return HELD;
}

/* The name alone says little: the partition may be of a pool that nobody has
 * imported, or that is the guest's. */
static gboolean say_held(Search *search, const Block *block)
{
	g_autofree char *label = search_uevent(search, BLOCKS, block->name, "PARTNAME");
	gboolean zfs = label != NULL && g_str_has_prefix(label, "zfs");
	Hold hold = try_block(search, block);

	if (zfs && hold != FREE)
		search_say(search, "%s is part of a ZFS pool (which: zpool status -L)", block->name);
	else if (hold == HELD)
		search_say(search, "%s is held exclusively by the kernel (a ZFS pool? zpool status -L)", block->name);
	else
		return FALSE;
	return TRUE;
}

/* A disk is not to be had when one of its partitions is not, and the other way round. */
static gboolean is_spoken_of(const Search *search, const char *disk, gboolean with_partitions)
{
	for (guint i = 0; i < search->blocks->len; i++) {
		const Block *block = g_ptr_array_index(search->blocks, i);
		gboolean concerns = g_str_equal(block->name, disk) ||
				    (with_partitions && g_strcmp0(block->disk, disk) == 0);

		if (concerns && block->said)
			return TRUE;
	}
	return FALSE;
}

static void try_partition(Search *search, Block *block)
{
	if (!block->said && !is_spoken_of(search, block->disk, FALSE))
		block->said = say_held(search, block);
}

static void try_disk(Search *search, Block *block)
{
	if (is_spoken_of(search, block->name, TRUE))
		return;
	block->said = say_held(search, block);
	if (!block->said && search->use == HOSTLER_USE_ANY)
		search_say(search, "the disk %s belongs to the host", block->name);
}

void blocks_try(Search *search)
{
	for (guint i = 0; i < search->blocks->len; i++) {
		Block *block = g_ptr_array_index(search->blocks, i);

		block->said |= node_is_open(search, block->node);
	}
	for (guint i = 0; i < search->blocks->len; i++) {
		Block *block = g_ptr_array_index(search->blocks, i);

		if (block->disk != NULL)
			try_partition(search, block);
	}
	for (guint i = 0; i < search->blocks->len; i++) {
		Block *block = g_ptr_array_index(search->blocks, i);

		if (block->disk == NULL)
			try_disk(search, block);
	}
}
