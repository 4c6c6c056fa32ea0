/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the host stands on a PCI device: file systems, swap and volumes on its
 * block devices, routes and bridges on its network interfaces. The kernel lets
 * go of a device that is in use without a word, so this question is ours. */
#include "host/users.h"

#include <errno.h>
#include <string.h>

#include "hostler/text.h"
#include "host/file.h"
#include "host/machine.h"

#define MAX_TABLE (4 * 1024 * 1024)

typedef struct {
	char *mounts; /* /proc/self/mountinfo */
	char *swaps;  /* /proc/swaps */
	char *routes; /* /proc/net/route */
	GStrvBuilder *users;
} Search;

static void search_clear(Search *search)
{
	g_free(search->mounts);
	g_free(search->swaps);
	g_free(search->routes);
	g_strv_builder_unref(search->users);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

static void say(Search *search, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Mount points are anybody's text, and need not even be UTF-8: shown as they are,
 * they could turn a terminal or, unreadable, hide that the device is in use. */
static void say(Search *search, const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autofree char *shown = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	shown = hostler_text_shown(text);
	g_strv_builder_add(search->users, shown);
}

/* Calls `each` with every line's fields; ends when it answers FALSE. */
static void each_line(const char *table, gboolean (*each)(char **fields, guint n, gpointer data), gpointer data)
{
	g_auto(GStrv) lines = g_strsplit(table != NULL ? table : "", "\n", -1);

	for (gsize i = 0; lines[i] != NULL; i++) {
		g_auto(GStrv) fields = g_strsplit_set(lines[i], " \t", -1);

		if (!each(fields, g_strv_length(fields), data))
			return;
	}
}

/* --- block devices --- */

typedef struct {
	Search *search;
	const char *name; /* "nvme0n1p2" */
	const char *dev;  /* "259:2" */
} Block;

/* mountinfo: id parent major:minor root mount-point options ... - type source.
 * btrfs has a device number of its own, so the source counts as well. */
static gboolean see_mount(char **fields, guint n, gpointer data)
{
	const Block *block = data;
	g_autofree char *source = NULL;

	if (n < 10)
		return TRUE;
	source = g_path_get_basename(fields[n - 2]);
	if (!g_str_equal(fields[2], block->dev) && !g_str_equal(source, block->name))
		return TRUE;
	say(block->search, "%s is mounted on %s", block->name, fields[4]);
	return FALSE;
}

static gboolean see_swap(char **fields, guint n, gpointer data)
{
	const Block *block = data;
	g_autofree char *name = n > 0 ? g_path_get_basename(fields[0]) : NULL;

	if (g_strcmp0(name, block->name) != 0)
		return TRUE;
	say(block->search, "%s is swap space", block->name);
	return FALSE;
}

static void see_holders(HostlerHost *host, const Block *block)
{
	g_autofree char *path = machine_path(host, "/sys/class/block", block->name, "holders", NULL);
	g_autoptr(GPtrArray) holders = folder_names(path);

	for (guint i = 0; holders != NULL && i < holders->len; i++)
		say(block->search, "%s is part of %s", block->name, (const char *)g_ptr_array_index(holders, i));
}

static void see_block(HostlerHost *host, Search *search, const char *name)
{
	g_autofree char *path = machine_path(host, "/sys/class/block", name, "dev", NULL);
	g_autofree char *dev = file_read_line(path, 64);
	Block block = { search, name, dev != NULL ? dev : "" };

	each_line(search->mounts, see_mount, &block);
	each_line(search->swaps, see_swap, &block);
	see_holders(host, &block);
}

/* --- network interfaces --- */

typedef struct {
	Search *search;
	const char *name;
} Interface;

/* /proc/net/route: interface destination gateway flags ... */
static gboolean see_route(char **fields, guint n, gpointer data)
{
	const Interface *interface = data;

	if (n < 8 || !g_str_equal(fields[0], interface->name) || !g_str_equal(fields[1], "00000000"))
		return TRUE;
	say(interface->search, "%s has the default route", interface->name);
	return FALSE;
}

static void see_interface(HostlerHost *host, Search *search, const char *name)
{
	g_autofree char *path = machine_path(host, "/sys/class/net", name, "master", NULL);
	g_autofree char *link = link_read(path);
	g_autofree char *master = link != NULL ? g_path_get_basename(link) : NULL;
	Interface interface = { search, name };

	each_line(search->routes, see_route, &interface);
	if (master != NULL)
		say(search, "%s is a port of %s", name, master);
}

/* --- */

/* A class folder links each of its devices to where it hangs: below the PCI
 * device, if that is a part of the way. */
static gboolean hangs_below(HostlerHost *host, const char *class, const char *name, const char *bdf)
{
	g_autofree char *path = machine_path(host, class, name, NULL);
	g_autofree char *part = g_strdup_printf("/%s/", bdf);
	g_autofree char *link = link_read(path);

	return link != NULL && strstr(link, part) != NULL;
}

static void each_below(HostlerHost *host, const char *class, const char *bdf, Search *search,
		       void (*see)(HostlerHost *, Search *, const char *))
{
	g_autofree char *path = machine_path(host, class, NULL);
	g_autoptr(GPtrArray) names = folder_names(path);

	for (guint i = 0; names != NULL && i < names->len; i++) {
		if (hangs_below(host, class, g_ptr_array_index(names, i), bdf))
			see(host, search, g_ptr_array_index(names, i));
	}
}

/* A table that is not there has nothing in it; one that cannot be read is no
 * reason to believe so. */
static gboolean read_table(HostlerHost *host, const char *name, char **table, GError **error)
{
	g_autofree char *path = machine_path(host, "/proc", name, NULL);

	*table = file_read_line(path, MAX_TABLE);
	if (*table != NULL || errno == ENOENT)
		return TRUE;
	machine_error(error, errno, "cannot read %s", path);
	return FALSE;
}

GStrv host_pci_users(HostlerHost *host, const char *bdf, HostlerUse use, GError **error)
{
	g_auto(Search) search = { .users = g_strv_builder_new() };

	if (!read_table(host, "self/mountinfo", &search.mounts, error) ||
	    !read_table(host, "swaps", &search.swaps, error) ||
	    !read_table(host, "net/route", &search.routes, error))
		return NULL;
	each_below(host, "/sys/class/block", bdf, &search, see_block);
	each_below(host, "/sys/class/net", bdf, &search, see_interface);
	return g_strv_builder_end(search.users);
}
