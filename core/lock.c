/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one lock: who may change the machine now. */
#include "core/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/folders.h"
#include "hostler/error.h"

/* flock() cannot be told when to give up, and a signal that breaks it would be
 * a second way out of everything else; so it is asked again. */
#define PAUSE_MICROSECONDS (10 * 1000)

struct _HostlerLock {
	int fd;
};

static int open_lock_file(HostlerHost *host, const char *path, GError **error)
{
	int fd;

	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	if (fd < 0 && errno == ENOENT) {
		if (!hostler_folders_make(host, error))
			return -1;
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0660);
		if (fd >= 0)
			hostler_folders_give(fd, 0660);
	}
	if (fd < 0)
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD, "cannot open %s: %s", path,
			    g_strerror(errno));
	return fd;
}

/* A lock on a file that was removed meanwhile keeps nobody out. */
static gboolean is_still_the_file(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino &&
	       held.st_dev == named.st_dev;
}

HostlerLock *hostler_lock_take(HostlerHost *host, GError **error)
{
	g_autofree char *path = g_build_filename(host->run_dir, "lock", NULL);
	HostlerLock *lock;

	do {
		int fd = open_lock_file(host, path, error);

		if (fd < 0)
			return NULL;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_still_the_file(fd, path)) {
			lock = g_new(HostlerLock, 1);
			lock->fd = fd;
			return lock;
		}
		close(fd);
		g_usleep(PAUSE_MICROSECONDS);
	} while (hostler_host_time_left(host) > 0);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE,
		    "another hostler run keeps %s; see who with: fuser -v %s", path, path);
	return NULL;
}

void hostler_lock_release(HostlerLock *lock)
{
	close(lock->fd);
	g_free(lock);
}
