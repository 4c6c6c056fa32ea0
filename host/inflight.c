/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices have a child of ours at work, or lost, in the kernel. */
#include "host/inflight.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler/error.h"
#include "host/proc.h"

/* Whoever only reads a device, or asks whether the lock is held, has it for a
 * moment; that is waited for. */
#define MOMENT_SECONDS 3
#define PAUSE_MICROSECONDS (5 * 1000)
#define TRIES (MOMENT_SECONDS * G_USEC_PER_SEC / PAUSE_MICROSECONDS)

/* What the file says of its holder. */
typedef struct {
	int pid;
	gint64 since; /* seconds since the epoch, for people; 0: it has not signed yet */
	gint64 begun; /* the same by CLOCK_MONOTONIC, in microseconds; 0: of a hostler that did not write it */
} Signature;

static char *lock_path(HostlerHost *host, const char *bdf)
{
	return g_strdup_printf("%s/devices/%s.inflight", host->run_dir, bdf);
}

/* Normally the claim that sent us here has made them already. */
static void make_folders(HostlerHost *host)
{
	g_autofree char *devices = g_build_filename(host->run_dir, "devices", NULL);

	if (mkdir(host->run_dir, 0755) == 0)
		chmod(host->run_dir, 0755);
	if (mkdir(devices, 0700) == 0)
		chmod(devices, 0700);
}

static int open_lock(HostlerHost *host, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	make_folders(host);
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
}

/* The one who had it before us took the file away when it was done. */
static gboolean is_still_the_file(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino &&
	       held.st_dev == named.st_dev;
}

char *inflight_describe(int pid, gint64 since)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(since);
	g_autofree char *text = time != NULL ? g_date_time_format(time, "%F %T") : g_strdup("an unknown time");

	return g_strdup_printf("pid %d, since %s", pid, text);
}

/* For the one who finds it held. The time zone is read by whom it interests. */
static void sign(int fd)
{
	g_autofree char *line = g_strdup_printf("%d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", getpid(),
						g_get_real_time() / G_USEC_PER_SEC, g_get_monotonic_time());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, line, strlen(line), 0) < 0)
		return; /* the lock says what matters */
}

static Signature read_signature(int fd)
{
	char line[64];
	ssize_t n = pread(fd, line, sizeof(line) - 1, 0);
	Signature signature;
	char *end;

	line[MAX(n, 0)] = '\0';
	signature.pid = (int)g_ascii_strtoll(line, &end, 10);
	signature.since = g_ascii_strtoll(end, &end, 10);
	signature.begun = g_ascii_strtoll(end, NULL, 10);
	return signature;
}

/* By the clock that nobody sets, that all processes share, and that stands still while the host
 * sleeps and no job gets on. Ahead of ours it is of another time namespace and says nothing. */
static gboolean is_old(const Signature *signature)
{
	if (signature->begun > 0)
		return g_get_monotonic_time() - signature->begun > MOMENT_SECONDS * G_USEC_PER_SEC;
	return signature->since > 0 &&
	       ABS(g_get_real_time() / G_USEC_PER_SEC - signature->since) > MOMENT_SECONDS;
}

/* Not when it is the signature of somebody who was killed: who has it now has not come to sign yet. And
 * a job that only waits for a CPU is not one that the kernel keeps. */
static gboolean is_held_long(HostlerHost *host, int fd)
{
	Signature signature = read_signature(fd);

	return is_old(&signature) && proc_sleeps(host, signature.pid);
}

static void set_held(GError **error, int fd, const char *bdf)
{
	Signature signature = read_signature(fd);
	g_autofree char *who = inflight_describe(signature.pid, signature.since);

	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_STUCK,
		    "%s is stuck: an earlier operation on it has not come back from the kernel (%s); end the program "
		    "that holds the device open, or restart the host",
		    bdf, who);
}

int inflight_take(HostlerHost *host, const char *bdf, GError **error)
{
	g_autofree char *path = lock_path(host, bdf);

	for (int i = 1;; i++) {
		int fd = open_lock(host, path);

		if (fd < 0) {
			g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "cannot open %s: %s", path,
				    g_strerror(errno));
			return -1;
		}
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_still_the_file(fd, path)) {
			sign(fd);
			return fd;
		}
		if (i == TRIES || is_held_long(host, fd)) {
			set_held(error, fd, bdf);
			close(fd);
			return -1;
		}
		close(fd);
		g_usleep(PAUSE_MICROSECONDS);
	}
}

void inflight_drop(HostlerHost *host, const char *bdf, int fd)
{
	g_autofree char *path = lock_path(host, bdf);

	unlink(path);
	close(fd);
}

/* What somebody left who was killed. Without its date nobody takes the moment in
 * which we have it for a job that is stuck. */
static void clear_away(int fd, const char *path)
{
	if (ftruncate(fd, 0) == 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_still_the_file(fd, path))
		unlink(path);
}

gboolean inflight_held(HostlerHost *host, const char *bdf)
{
	g_autofree char *path = lock_path(host, bdf);

	for (int i = 1;; i++) {
		int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
		gboolean held, is_final;

		if (fd < 0)
			return FALSE;
		held = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
		is_final = !held || i == TRIES || is_held_long(host, fd);
		if (!held)
			clear_away(fd, path);
		close(fd);
		if (is_final)
			return held;
		g_usleep(PAUSE_MICROSECONDS);
	}
}
