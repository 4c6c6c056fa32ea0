/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening a log: nothing is followed, and nobody else may have laid it there. */
#include "log-open.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "hostler/error.h"

static gboolean is_ours(const struct stat *info)
{
	return (info->st_uid == geteuid() || info->st_uid == 0) && (info->st_mode & S_IWOTH) == 0;
}

/* Many lay a link there when the disk is full. */
static void set_folder_error(const char *folder, GError **error)
{
	int errnum = errno;
	const char *mend = "";

	if (errnum == ENOENT)
		mend = "; mend: systemctl restart hostler-metrics, or without systemd: "
		       "install -d -o hostler-metrics -g hostler -m 0750 ";
	else if (errnum == ENOTDIR || errnum == ELOOP)
		mend = "; no link is followed; mend: a folder there, and to have it elsewhere: mount --bind FOLDER ";
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_METRICS, "the folder cannot be opened: %s%s%s",
		    g_strerror(errnum), mend, *mend != '\0' ? folder : "");
}

int log_open_folder(const char *folder, GError **error)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat info;

	if (fd < 0) {
		set_folder_error(folder, error);
		return -1;
	}
	if (fstat(fd, &info) == 0 && is_ours(&info))
		return fd;
	close(fd);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_METRICS,
		    "others may write to the folder; mend: chown hostler-metrics:hostler %s && chmod 0750 %s",
		    folder, folder);
	return -1;
}

/* systemd shows its services a folder that was made anew read-only. */
static void set_file_error(GError **error)
{
	gboolean is_anew = errno == EROFS;

	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_METRICS, "it cannot be opened: %s%s", g_strerror(errno),
		    is_anew ? "; mend, if the folder was made anew: systemctl restart hostler-metrics" : "");
}

int log_open_file(const char *folder, const char *file, int flags, struct stat *info, GError **error)
{
	int at = log_open_folder(folder, error);
	int fd;

	if (at < 0)
		return -1;
	fd = openat(at, file, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
	if (fd < 0)
		set_file_error(error);
	close(at);
	if (fd < 0 || (fstat(fd, info) == 0 && S_ISREG(info->st_mode) && info->st_nlink == 1 && is_ours(info)))
		return fd;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_METRICS,
		    "it is no regular file of hostler-metrics' alone; move it away");
	close(fd);
	return -1;
}
