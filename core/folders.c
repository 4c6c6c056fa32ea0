/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folders below /run/hostler. */
#include "core/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler/error.h"

#define GROUP_NAME "hostler"

static const struct {
	const char *name;
	mode_t mode;
} folders[] = {
	{ "", 0755 },
	{ "devices", 0700 },
	{ "vms", 0750 },
	{ "watch", 0750 },
	{ "loopback", 0750 }, /* of the forward plugin, see its README; as is the next */
	{ "arp_accept", 0750 },
	{ "ended", 02770 },
	{ "attention", 02770 },
	{ "bad", 0700 },
	{ "tmp", 0700 },
	{ "locks", 0700 },
};

/* From /etc/group alone: getgrnam() asks every name service, and a directory
 * server that does not answer would hang the start of a VM. */
static gboolean look_up_group(gid_t *gid)
{
	FILE *file = fopen("/etc/group", "re");
	struct group *entry;
	gboolean found = FALSE;

	if (file == NULL)
		return FALSE;
	while (!found && (entry = fgetgrent(file)) != NULL) {
		found = g_str_equal(entry->gr_name, GROUP_NAME);
		if (found)
			*gid = entry->gr_gid;
	}
	fclose(file);
	return found;
}

/* Once for each program: every record that is written asks. */
static gboolean find_group(gid_t *gid)
{
	static enum { UNKNOWN, ABSENT, PRESENT } known = UNKNOWN;
	static gid_t group;

	if (known == UNKNOWN)
		known = look_up_group(&group) ? PRESENT : ABSENT;
	*gid = group;
	return known == PRESENT;
}

void hostler_folders_give(int fd, guint mode)
{
	gid_t gid;

	/* Owner first: chown() takes the set-group-ID bit away. A group that is
	 * not there leaves the helpers blind, which `hostler status` says; it must
	 * not keep a VM from starting. */
	if (geteuid() == 0 && find_group(&gid) && fchown(fd, 0, gid) < 0)
		g_debug("cannot give fd %d to group " GROUP_NAME ", ignoring: %s", fd, g_strerror(errno));
	if (fchmod(fd, mode) < 0)
		g_debug("cannot set mode %o, ignoring: %s", mode, g_strerror(errno));
}

static gboolean make_folder(const char *path, mode_t mode, GError **error)
{
	int fd;

	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD, "cannot make %s: %s", path,
			    g_strerror(errno));
		return FALSE;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD, "cannot open %s as a folder: %s", path,
			    g_strerror(errno));
		return FALSE;
	}
	hostler_folders_give(fd, mode);
	close(fd);
	return TRUE;
}

gboolean hostler_folders_make(HostlerHost *host, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *path = g_build_filename(host->run_dir, folders[i].name, NULL);

		if (!make_folder(path, folders[i].mode, error))
			return FALSE;
	}
	return TRUE;
}
