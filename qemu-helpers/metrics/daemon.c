/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of libvirt's daemons runs. */
#include "daemon.h"

#include <fcntl.h>
#include <unistd.h>

static const struct {
	const char *pid_file;
	const char *uri; /* says which socket, so that the client does not choose by itself */
} daemons[] = {
	{ "virtqemud.pid", "qemu:///system?mode=direct" },
	{ "libvirtd.pid", "qemu:///system?mode=legacy" },
};

/* A pid would come round again; a lock ends with its process. */
static gboolean is_locked(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	gboolean locked;

	if (fd < 0)
		return FALSE;
	locked = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return locked;
}

const char *daemon_find(const char *run)
{
	for (gsize i = 0; i < G_N_ELEMENTS(daemons); i++) {
		g_autofree char *path = g_build_filename(run, daemons[i].pid_file, NULL);

		if (is_locked(path))
			return daemons[i].uri;
	}
	return NULL;
}
