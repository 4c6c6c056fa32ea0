/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that root acts on: opened without following anything, and judged by
 * what was opened. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler/config.h"
#include "hostler/error.h"
#include "hostler/text.h"

#define LARGEST_FILE (1024 * 1024)
#define LONGEST_PATH 1024 /* characters of it in a message */

static gboolean refuse(GError **error, const char *path, const struct stat *info, const char *why, const char *mend)
{
	g_autofree char *shown = hostler_text_line(path, LONGEST_PATH);

	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_CONFIG, "%s (mode %04o, owner %u) %s; %s '%s'", shown,
		    info->st_mode & 07777, info->st_uid, why, mend, shown);
	return FALSE;
}

/* In a sticky folder such as /tmp nobody can replace another's file. */
static gboolean judge(const struct stat *info, const char *path, GError **error)
{
	gboolean folder = S_ISDIR(info->st_mode);

	if (info->st_uid != 0 && info->st_uid != geteuid())
		return refuse(error, path, info, "does not belong to root", "chown root:root");
	if ((info->st_mode & (S_IWGRP | S_IWOTH)) && !(folder && (info->st_mode & S_ISVTX)))
		return refuse(error, path, info, "may be changed by others", "chmod go-w");
	if (!folder && info->st_size > LARGEST_FILE)
		return refuse(error, path, info, "is larger than 1 MiB", "shorten");
	return TRUE;
}

static gboolean fail_open(const char *path, int reason, GError **error)
{
	g_autofree char *shown = hostler_text_line(path, LONGEST_PATH);

	if (reason == ENOENT)
		return TRUE;
	if (reason == ELOOP || reason == ENOTDIR)
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_CONFIG,
			    "%s is a symbolic link, or no folder where one must be; put the real one in its place",
			    shown);
	else
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_CONFIG, "%s cannot be opened: %s", shown,
			    g_strerror(reason));
	return FALSE;
}

/* TRUE with `*fd` -1: there is none. A FIFO or a tty must not hold us up. */
static gboolean open_trusted(int folder, const char *name, const char *path, mode_t kind, int *fd, GError **error)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (kind == S_IFDIR ? O_DIRECTORY : 0);
	struct stat info;
	gboolean trusted;

	*fd = openat(folder, name, flags);
	if (*fd < 0)
		return fail_open(path, errno, error);
	if (fstat(*fd, &info) < 0)
		trusted = fail_open(path, errno, error);
	else if ((info.st_mode & S_IFMT) != kind)
		trusted = refuse(error, path, &info, "is no regular file", "put one in its place: rm");
	else
		trusted = judge(&info, path, error);
	if (trusted)
		return TRUE;
	close(*fd);
	*fd = -1;
	return FALSE;
}

static char *read_text(int fd, const char *path, GError **error)
{
	g_autofree char *text = g_malloc(LARGEST_FILE + 1);
	gsize length = 0;
	gssize got;

	do {
		got = TEMP_FAILURE_RETRY(read(fd, text + length, LARGEST_FILE - length));
		length += got > 0 ? (gsize)got : 0;
	} while (got > 0);
	text[length] = '\0';
	if (got < 0) {
		fail_open(path, errno, error);
		return NULL;
	}
	if (g_utf8_validate_len(text, length, NULL))
		return g_strndup(text, length);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_CONFIG, "%s is not UTF-8 text", path);
	return NULL;
}

char *hostler_config_read(const char *file, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(file);
	g_autofree char *name = g_path_get_basename(file);
	char *text = NULL;
	int folder;
	int fd;

	if (!open_trusted(AT_FDCWD, parent, parent, S_IFDIR, &folder, error) || folder < 0)
		return NULL;
	if (open_trusted(folder, name, file, S_IFREG, &fd, error) && fd >= 0) {
		text = read_text(fd, file, error);
		close(fd);
	}
	close(folder);
	return text;
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *hostler_config_list(const char *folder, const char *suffix, GError **error)
{
	GPtrArray *paths;
	const struct dirent *entry;
	DIR *dir;
	int fd;

	if (!open_trusted(AT_FDCWD, folder, folder, S_IFDIR, &fd, error) || fd < 0)
		return NULL;
	dir = fdopendir(fd);
	if (dir == NULL) {
		fail_open(folder, errno, error);
		close(fd);
		return NULL;
	}
	paths = g_ptr_array_new_with_free_func(g_free);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && g_str_has_suffix(entry->d_name, suffix))
			g_ptr_array_add(paths, g_build_filename(folder, entry->d_name, NULL));
	closedir(dir);
	g_ptr_array_sort(paths, compare_paths);
	return paths;
}
