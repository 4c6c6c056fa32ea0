/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One lock: a file that is there as long as somebody has it. */
#include "hostler/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/folders.h"
#include "hostler/error.h"

/* flock() cannot be told when to give up, and a signal that breaks it would be
 * a second way out of everything else; so it is asked again. */
#define PAUSE_MICROSECONDS (10 * 1000)
/* Of the lock that a job holds itself, beside the claims. */
#define FLIGHT_SUFFIX ".inflight"

struct _HostlerLock {
	int fd;
	char *path; /* of a file that goes with the lock; NULL: it stays */
};

#define FLAGS (O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY)

/* hostler-watch takes the firewall's lock too: that file is its group's, and stays. */
static int open_file(HostlerHost *host, const char *path, guint mode, GError **error)
{
	int fd = open(path, FLAGS);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT) {
		fd = open(path, FLAGS | O_CREAT, mode);
		if (fd < 0 && errno == ENOENT && hostler_folders_make(host, error))
			fd = open(path, FLAGS | O_CREAT, mode);
	}
	if (fd >= 0)
		hostler_folders_give(fd, mode);
	else if (error != NULL && *error == NULL)
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD, "cannot open %s: %s", path,
			    g_strerror(errno));
	return fd;
}

/* The one who had it before us took the file away: a lock on that keeps nobody out. */
static gboolean is_still_the_file(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino &&
	       held.st_dev == named.st_dev;
}

/* For the one who waits. */
static void sign(int fd)
{
	char line[32];
	int length = g_snprintf(line, sizeof(line), "%d\n", getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, line, (gsize)length, 0) < 0)
		return; /* the lock says what matters */
}

/* 0: not known. A file that is its group's may hold anybody's text, of any length. */
static int read_holder(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	char line[32] = "";
	guint64 pid = 0;

	if (fd < 0)
		return 0;
	if (read(fd, line, sizeof(line) - 1) < 0)
		line[0] = '\0';
	line[strcspn(line, " \n")] = '\0'; /* a job's says since when, too */
	if (!g_ascii_string_to_unsigned(line, 10, 1, G_MAXINT, &pid, NULL))
		pid = 0;
	close(fd);
	return (int)pid;
}

static HostlerLock *try_path(HostlerHost *host, const char *path, gboolean stays, GError **error)
{
	int fd = open_file(host, path, stays ? 0660 : 0600, error);
	HostlerLock *lock;

	if (fd < 0)
		return NULL;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || !is_still_the_file(fd, path)) {
		close(fd);
		return NULL;
	}
	sign(fd);
	lock = g_new(HostlerLock, 1);
	*lock = (HostlerLock){ fd, stays ? NULL : g_strdup(path) };
	return lock;
}

static void set_kept(GError **error, const char *path)
{
	int pid = read_holder(path);
	g_autofree char *who = pid != 0 ? g_strdup_printf("pid %d", pid) : g_strdup("pid unknown");

	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE,
		    "another hostler run (%s) keeps %s; see who: fuser -v %s", who, path, path);
}

static HostlerLock *wait_for_path(HostlerHost *host, const char *path, gboolean stays, GError **error)
{
	g_autoptr(GError) local = NULL;
	HostlerLock *lock;

	while ((lock = try_path(host, path, stays, &local)) == NULL && local == NULL &&
	       hostler_host_time_left(host) > 0)
		g_usleep(PAUSE_MICROSECONDS);
	if (local != NULL)
		g_propagate_error(error, g_steal_pointer(&local));
	else if (lock == NULL)
		set_kept(error, path);
	return lock;
}

static char *path_of(HostlerHost *host, const char *key)
{
	return g_build_filename(host->run_dir, "locks", key, NULL);
}

HostlerLock *hostler_lock_wait(HostlerHost *host, const char *key, GError **error)
{
	g_autofree char *path = path_of(host, key);

	return wait_for_path(host, path, FALSE, error);
}

HostlerLock *hostler_lock_try(HostlerHost *host, const char *key, GError **error)
{
	g_autofree char *path = path_of(host, key);

	return try_path(host, path, FALSE, error);
}

HostlerLock *hostler_lock_firewall(HostlerHost *host, GError **error)
{
	g_autofree char *path = g_build_filename(host->run_dir, "lock", NULL);

	return wait_for_path(host, path, TRUE, error);
}

/* The file goes first: whoever gets the lock after us must find that it is not
 * the file any more. */
void hostler_lock_release(HostlerLock *lock)
{
	if (lock->path != NULL)
		g_unlink(lock->path);
	close(lock->fd);
	g_free(lock->path);
	g_free(lock);
}

/* Not even for a moment one that is in use: somebody may just be trying it, and
 * would think that we are at work there. */
static gboolean is_orphan(HostlerHost *host, const char *path)
{
	HostlerProcess holder;

	return !host->ops->process_find(host, read_holder(path), &holder);
}

static void tidy_flights(HostlerHost *host)
{
	g_autofree char *path = g_build_filename(host->run_dir, "devices", NULL);
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		g_autofree char *job = NULL;

		if (!g_str_has_suffix(name, FLIGHT_SUFFIX) || !is_orphan(host, file))
			continue;
		job = g_strndup(name, strlen(name) - strlen(FLIGHT_SUFFIX));
		host->ops->job_in_flight(host, job);
	}
}

void hostler_locks_tidy(HostlerHost *host)
{
	g_autofree char *path = g_build_filename(host->run_dir, "locks", NULL);
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	const char *name;

	tidy_flights(host);
	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
		g_autofree char *file = path_of(host, name);
		HostlerLock *lock = is_orphan(host, file) ? hostler_lock_try(host, name, NULL) : NULL;

		if (lock != NULL)
			hostler_lock_release(lock);
	}
}
