/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mounted, in any mount namespace: a disk that was unmounted here may
 * well be mounted still for a service or a container. */
#include "host/users/mounts.h"

#include <errno.h>

#include "hostler/text.h"
#include "host/file.h"
#include "host/machine.h"
#include "host/users/process.h"

#define TABLE_MAX_BYTES (4 * 1024 * 1024)

typedef struct {
	char *dev;    /* "259:2" */
	char *point;
	char *source; /* "/dev/nvme0n1p2" */
	char *whom;   /* NULL: ourselves */
} Mount;

static void mount_free(gpointer data)
{
	Mount *mount = data;

	g_free(mount->dev);
	g_free(mount->point);
	g_free(mount->source);
	g_free(mount->whom);
	g_free(mount);
}

typedef struct {
	GPtrArray *mounts;
	const char *whom;
} Reading;

/* mountinfo: id parent major:minor root mount-point options ... - type source
 * options. Blanks in names are written as \040. */
static gboolean read_mount(char **fields, guint n, gpointer data)
{
	const Reading *reading = data;
	guint dash = 6;
	Mount *mount;

	while (dash < n && !g_str_equal(fields[dash], "-"))
		dash++;
	if (dash + 2 >= n)
		return TRUE;
	mount = g_new0(Mount, 1);
	mount->dev = g_strdup(fields[2]);
	mount->point = g_strcompress(fields[4]);
	mount->source = g_strcompress(fields[dash + 2]);
	mount->whom = g_strdup(reading->whom);
	g_ptr_array_add(reading->mounts, mount);
	return TRUE;
}

/* FALSE: it cannot be asked, for it has ended, or a security module hides it
 * from us. What it has mounted shows in blocks_try() all the same. */
static gboolean read_mounts_of(Search *search, Mounts *mounts, int pid)
{
	g_autofree char *path = process_path(search->host, pid, "mountinfo");
	g_autofree char *table = file_read_line(path, TABLE_MAX_BYTES);
	g_autofree char *name = table != NULL ? process_name(search->host, pid) : NULL;
	g_autofree char *whom = name != NULL ? g_strdup_printf("%s (pid %d)", name, pid) : NULL;

	if (whom == NULL)
		return FALSE;
	each_line(table, read_mount, &(Reading){ mounts->mounts, whom });
	return TRUE;
}

/* Each namespace is read once, by the first process that lives in it. */
static void read_others(Search *search, Mounts *mounts, const GArray *pids)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *path = machine_path(search->host, "/proc/self/ns/mnt", NULL);
	char *own = link_read(path);

	if (own != NULL)
		g_hash_table_add(seen, own);
	for (guint i = 0; i < pids->len; i++) {
		int pid = g_array_index(pids, int, i);
		g_autofree char *link = process_path(search->host, pid, "ns/mnt");
		g_autofree char *namespace = link_read(link);

		if (namespace != NULL && !g_hash_table_contains(seen, namespace) &&
		    read_mounts_of(search, mounts, pid))
			g_hash_table_add(seen, g_steal_pointer(&namespace));
	}
}

gboolean mounts_read(Search *search, Mounts *mounts, GError **error)
{
	g_autoptr(GArray) pids = processes_list(search->host, error);
	g_autofree char *own = NULL;

	mounts->mounts = g_ptr_array_new_with_free_func(mount_free);
	if (pids == NULL || !search_table(search, "self/mountinfo", &own, error) ||
	    !search_table(search, "swaps", &mounts->swaps, error))
		return FALSE;
	each_line(own, read_mount, &(Reading){ mounts->mounts, NULL });
	read_others(search, mounts, pids);
	return TRUE;
}

void mounts_clear(Mounts *mounts)
{
	g_clear_pointer(&mounts->mounts, g_ptr_array_unref);
	g_clear_pointer(&mounts->swaps, g_free);
}

/* btrfs has a device number of its own, so the source counts as well. */
char *mounts_describe(const Mounts *mounts, const char *dev, const char *const *nodes)
{
	for (guint i = 0; i < mounts->mounts->len; i++) {
		const Mount *mount = g_ptr_array_index(mounts->mounts, i);
		g_autofree char *point = NULL;

		if (!g_str_equal(mount->dev, dev) && !g_strv_contains(nodes, mount->source))
			continue;
		point = hostler_text_shown(mount->point);
		if (mount->whom == NULL)
			return g_strdup_printf("mounted on %s", point);
		return g_strdup_printf("mounted on %s by %s", point, mount->whom);
	}
	return NULL;
}

typedef struct {
	const char *const *nodes;
	gboolean found;
} Swap;

/* Filename Type Size Used Priority */
static gboolean see_swap(char **fields, guint n, gpointer data)
{
	Swap *swap = data;
	g_autofree char *name = n > 0 ? g_strcompress(fields[0]) : NULL;
	const char *deleted = name != NULL ? g_strrstr(name, " (deleted)") : NULL;

	if (deleted != NULL)
		name[deleted - name] = '\0';
	swap->found = name != NULL && g_strv_contains(swap->nodes, name);
	return !swap->found;
}

gboolean mounts_have_swap(const Mounts *mounts, const char *const *nodes)
{
	Swap swap = { nodes, FALSE };

	each_line(mounts->swaps, see_swap, &swap);
	return swap.found;
}
