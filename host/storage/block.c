/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A block device and what it is made of, as /sys/class/block tells it. */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "hostler/text.h"
#include "host/file.h"
#include "host/machine.h"
#include "host/storage/layers.h"

#define BLOCKS "/sys/class/block"
#define LINE_MAX_BYTES 4096

/* Where the name alone says what it is. */
static const struct {
	const char *prefix;
	const char *kind;
} names[] = {
	{ "nvme", "NVMe" },    { "vd", "virtio disk" }, { "xvd", "Xen disk" },	  { "mmcblk", "memory card" },
	{ "nbd", "NBD" },      { "rbd", "RBD" },	{ "drbd", "DRBD" },	  { "zram", "zram" },
	{ "ram", "RAM disk" }, { "sr", "optical disc" }, { "pmem", "persistent memory" },
};

/* --- reading --- */

char *block_read(const Ground *ground, const char *name, const char *attribute)
{
	g_autofree char *path = machine_path(ground->host, BLOCKS, name, attribute, NULL);

	return file_read_line(path, LINE_MAX_BYTES);
}

static char *read_link(const Ground *ground, const char *name)
{
	g_autofree char *path = machine_path(ground->host, BLOCKS, name, NULL);

	return link_read(path);
}

GPtrArray *block_members(const Ground *ground, const char *name)
{
	g_autofree char *path = machine_path(ground->host, BLOCKS, name, "slaves", NULL);
	GPtrArray *members = folder_names(path);

	return members != NULL ? members : g_ptr_array_new_with_free_func(g_free);
}

char *block_of_number(const Ground *ground, const char *number)
{
	g_autofree char *path = machine_path(ground->host, "/sys/dev/block", number, NULL);
	g_autofree char *target = link_read(path);

	return target != NULL ? g_path_get_basename(target) : NULL;
}

char *block_of_node(const Ground *ground, const char *node)
{
	g_autofree char *path = machine_path(ground->host, node, NULL);
	g_autofree char *target = NULL;
	g_autofree char *number = NULL;
	struct stat info = { 0 };

	if (!g_str_has_prefix(node, "/dev/"))
		return NULL;
	if (stat(path, &info) == 0 && (S_ISCHR(info.st_mode) || S_ISDIR(info.st_mode)))
		return NULL; /* /dev/fuse, /dev/shm */
	if (S_ISBLK(info.st_mode)) {
		number = g_strdup_printf("%u:%u", major(info.st_rdev), minor(info.st_rdev));
		return block_of_number(ground, number);
	}
	target = link_read(path); /* "../dm-0" */
	return g_path_get_basename(target != NULL ? target : node);
}

/* --- at the bottom --- */

static const char *find_name(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		gsize length = strlen(names[i].prefix);

		if (strncmp(name, names[i].prefix, length) == 0)
			return names[i].kind;
	}
	return NULL;
}

/* Whoever sets another attribute of the queue holds its lock until a disk that
 * hangs has done all it was asked for. */
static Layers describe_scsi(const Ground *ground, const char *name)
{
	g_autofree char *place = read_link(ground, name);
	g_autofree char *rotational = block_read(ground, name, "queue/rotational");
	const char *kind = g_strcmp0(rotational, "0") == 0 ? "SSD" : "HDD";

	if (place != NULL && strstr(place, "/session") != NULL)
		return layers_new("iSCSI", NULL);
	if (rotational == NULL)
		return layers_new("disk", NULL);
	if (place != NULL && strstr(place, "/usb") != NULL)
		return layers_new(g_str_equal(kind, "SSD") ? "USB SSD" : "USB HDD", NULL);
	return layers_new(kind, NULL);
}

static Layers describe_disk(Ground *ground, const char *name)
{
	const char *known = find_name(name);

	if (known != NULL)
		return layers_new(known, NULL);
	return ground_may_wait(ground) ? describe_scsi(ground, name) : (Layers){ 0 };
}

/* --- in between --- */

Layers ground_of_members(Ground *ground, const char *name)
{
	g_autoptr(GPtrArray) members = block_members(ground, name);
	Layers all = { 0 };

	for (guint i = 0; i < members->len; i++)
		layers_beside(&all, ground_of_block(ground, g_ptr_array_index(members, i)));
	return all;
}

static Layers describe_loop(Ground *ground, const char *name)
{
	g_autofree char *file = block_read(ground, name, "loop/backing_file");
	Layers below = { 0 };

	if (file != NULL)
		below = ground_of_path(ground, file);
	return layers_stack(layers_new("loop", NULL), below);
}

static Layers describe_zvol(Ground *ground, const char *name)
{
	return layers_new("zvol", NULL);
}

static Layers describe_bcache(Ground *ground, const char *name)
{
	return layers_stack(layers_new("bcache", NULL), ground_of_members(ground, name));
}

static Layers describe_partition(Ground *ground, const char *name)
{
	g_autofree char *link = read_link(ground, name);
	g_autofree char *folder = link != NULL ? g_path_get_dirname(link) : g_strdup("disk");
	g_autofree char *disk = g_path_get_basename(folder);

	return ground_of_block(ground, disk);
}

static gboolean is_partition(Ground *ground, const char *name)
{
	g_autofree char *number = block_read(ground, name, "partition");

	return number != NULL;
}

Layers ground_of_block(Ground *ground, const char *name)
{
	static const struct {
		const char *prefix;
		Layers (*describe)(Ground *ground, const char *name);
	} makers[] = {
		{ "dm-", ground_of_dm }, { "md", ground_of_md },	   { "loop", describe_loop },
		{ "zd", describe_zvol }, { "bcache", describe_bcache },
	};
	Layers layers = { 0 };

	if (!ground_descend(ground))
		return layers;
	if (is_partition(ground, name))
		layers = describe_partition(ground, name);
	for (gsize i = 0; layers.text == NULL && i < G_N_ELEMENTS(makers); i++) {
		if (g_str_has_prefix(name, makers[i].prefix) && ground_may_wait(ground))
			layers = makers[i].describe(ground, name);
	}
	if (layers.text == NULL && !ground->gave_up)
		layers = describe_disk(ground, name);
	ground->depth--;
	return layers;
}
