/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file system that an image lies on, and whether a machine, a device or memory
 * is below it. */
#include <string.h>
#include <sys/stat.h>

#include "hostler/storage.h"
#include "hostler/text.h"
#include "host/storage/layers.h"

/* Of a network file system: what makes it slow, forgetful or fast. */
static const char *const told_options[] = { "vers",  "proto", "hard",   "soft",       "softerr", "sync",
					    "async", "rsize", "wsize",  "cache",      "nolock",  "local_lock",
					    "nobrl", "noac",  "nconnect", NULL };

static const struct {
	const char *type;
	const char *name;
} remotes[] = {
	{ "nfs", "NFS" },	  { "nfs4", "NFS" },		 { "cifs", "SMB" },
	{ "smb3", "SMB" },	  { "ceph", "CephFS" },		 { "fuse.ceph-fuse", "CephFS" },
	{ "fuse.sshfs", "sshfs" }, { "fuse.glusterfs", "GlusterFS" },
};

static const char *find_remote(const char *type)
{
	for (gsize i = 0; i < G_N_ELEMENTS(remotes); i++) {
		if (g_str_equal(remotes[i].type, type))
			return remotes[i].name;
	}
	return NULL;
}

gboolean ground_is_remote(const Place *place)
{
	return place->type != NULL && find_remote(place->type) != NULL;
}

/* --- another machine --- */

/* "nas:/vm", "[2001:db8::1]:/vm", "//nas/vm" */
static void tell_server(Ground *ground, const char *source)
{
	gboolean share = g_str_has_prefix(source, "//");
	const char *begin = share ? source + 2 : source;
	const char *end = strstr(begin, share ? "/" : ":/");
	g_autofree char *name = g_strndup(begin, end != NULL ? (gsize)(end - begin) : strlen(begin));
	g_autofree char *server = hostler_text_shown(name);
	g_autofree char *export = hostler_text_shown(end != NULL ? end + (share ? 0 : 1) : "");

	ground_tell(ground, HOSTLER_STORAGE_SERVER, server);
	ground_tell(ground, HOSTLER_STORAGE_EXPORT, export);
}

static void tell_options(Ground *ground, const Place *place)
{
	g_autoptr(GString) told = g_string_new(NULL);
	g_autofree char *shown = NULL;

	for (gsize i = 0; told_options[i] != NULL; i++) {
		g_autofree char *value = place_option(place, told_options[i]);

		if (value == NULL)
			continue;
		g_string_append_printf(told, "%s%s%s%s", told->len > 0 ? "," : "", told_options[i],
				       *value != '\0' ? "=" : "", value);
	}
	shown = hostler_text_shown(told->str);
	ground_tell(ground, HOSTLER_STORAGE_MOUNT_OPTIONS, shown);
}

static Layers describe_remote(Ground *ground, const Place *place, const char *name)
{
	g_autofree char *version = place_option(place, "vers");
	g_autofree char *kind = version != NULL ? g_strdup_printf("%s %s", name, version) : g_strdup(name);
	g_autofree char *text = g_strdup_printf("%s from %s", kind, place->source);
	g_autofree char *shown = hostler_text_shown(text);
	g_autofree char *shown_kind = hostler_text_shown(kind);

	tell_server(ground, place->source);
	tell_options(ground, place);
	return layers_new(shown, shown_kind);
}

/* --- this machine --- */

static char *find_block(Ground *ground, const Place *place)
{
	char *name = block_of_number(ground, place->number);

	if (name != NULL || place->source[0] != '/' || !ground_may_wait(ground))
		return name;
	/* More than one device, or one of the kernel's own numbers. */
	return block_of_node(ground, place->source);
}

/* What is written goes to the upper folder. */
static Layers describe_overlay(Ground *ground, const Place *place)
{
	g_autofree char *upper = place_option(place, "upperdir");
	Layers below = { 0 };

	if (upper != NULL && upper[0] == '/')
		below = ground_of_path(ground, upper);
	return layers_stack(layers_new("overlay", NULL), below);
}

static Layers describe_local(Ground *ground, const Place *place)
{
	g_autofree char *block = find_block(ground, place);
	Layers below = { 0 };

	ground_tell(ground, HOSTLER_STORAGE_BLOCK_DEVICE, block);
	if (block != NULL && g_str_equal(place->type, "btrfs"))
		return ground_of_btrfs(ground, block);
	if (block != NULL)
		below = ground_of_block(ground, block);
	return layers_stack(layers_new(place->type, NULL), below);
}

static Layers describe_zfs(Ground *ground, const Place *place)
{
	ground_see_pool(ground, place->source);
	return layers_new("ZFS", NULL);
}

static Layers describe_device(Ground *ground, const Place *place)
{
	g_autofree char *number = g_strdup_printf("%u:%u", place->stat.stx_rdev_major, place->stat.stx_rdev_minor);
	g_autofree char *name = block_of_number(ground, number);

	ground_tell(ground, HOSTLER_STORAGE_BLOCK_DEVICE, name);
	return name != NULL ? ground_of_block(ground, name) : layers_new("block device", NULL);
}

Layers ground_of_place(Ground *ground, const Place *place)
{
	const char *remote = find_remote(place->type);
	g_autofree char *point = NULL;

	if (place->seen && S_ISBLK(place->stat.stx_mode))
		return describe_device(ground, place);
	point = hostler_text_shown(place->point);
	ground_tell(ground, HOSTLER_STORAGE_FILE_SYSTEM, place->type);
	ground_tell(ground, HOSTLER_STORAGE_MOUNT_POINT, point);
	if (remote != NULL)
		return describe_remote(ground, place, remote);
	if (g_str_equal(place->type, "overlay"))
		return describe_overlay(ground, place);
	if (g_str_equal(place->type, "zfs"))
		return describe_zfs(ground, place);
	return describe_local(ground, place);
}

Layers ground_of_path(Ground *ground, const char *path)
{
	g_auto(Place) place = { 0 };
	Layers layers = { 0 };

	if (!ground_descend(ground))
		return layers;
	if (place_find(ground->host, path, &place, NULL))
		layers = ground_of_place(ground, &place);
	ground->depth--;
	return layers;
}
