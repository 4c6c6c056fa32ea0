/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /run/hostler/watch: a link to the stay of each VM with open ports. systemd
 * starts hostler-watch while there are any. */
#include "plugins/forward/links.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "hostler/log.h"
#include "hostler/text.h"

static char *folder_path(HostlerHost *host)
{
	return g_build_filename(host->run_dir, "watch", NULL);
}

static void warn(const char *verb, const char *uuid)
{
	hostler_log(G_LOG_LEVEL_WARNING, "forward-watch", &(HostlerSubject){ .uuid = uuid },
		    "cannot %s the link of VM %s in the folder 'watch', ignoring: %s", verb, uuid, g_strerror(errno));
}

/* Only names that are ours to make are ours to remove. */
static void remove_others(const char *path, int folder, const GPtrArray *uuids)
{
	g_autoptr(GDir) entries = g_dir_open(path, 0, NULL);
	const char *name;

	while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
		g_autofree char *uuid = hostler_text_uuid(name);

		if (g_strcmp0(uuid, name) == 0 &&
		    !g_ptr_array_find_with_equal_func((GPtrArray *)uuids, name, g_str_equal, NULL) &&
		    unlinkat(folder, name, 0) < 0 && errno != ENOENT)
			warn("remove", name);
	}
}

static void make_missing(int folder, const GPtrArray *uuids)
{
	for (guint i = 0; i < uuids->len; i++) {
		const char *uuid = g_ptr_array_index(uuids, i);
		g_autofree char *target = g_build_filename("..", "vms", uuid, NULL);

		if (symlinkat(target, folder, uuid) < 0 && errno != EEXIST)
			warn("make", uuid);
	}
}

/* While it lives it holds a lock on the folder. A shared one does not keep out
 * others who ask the same. */
static gboolean helper_runs(int folder)
{
	if (flock(folder, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK;
	flock(folder, LOCK_UN);
	return FALSE;
}

void forward_links_settle(HostlerHost *host, const GPtrArray *uuids)
{
	g_autofree char *path = folder_path(host);
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0)
		return;
	if (faccessat(folder, ".", W_OK, AT_EACCESS) == 0) {
		remove_others(path, folder, uuids);
		make_missing(folder, uuids);
		if (uuids->len > 0 && !helper_runs(folder))
			host->ops->helper_start(host, HOSTLER_HELPER_WATCH);
	}
	close(folder);
}
