/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounded reading: nothing here grows with what somebody else wrote. And the one
 * kind of writing that kernel files know. */
#include "host/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* /proc/sys refuses to be asked for 4 MiB at once. */
#define PIECE_BYTES ((gsize)256 * 1024)

/* A FIFO or a device in the place of a file would keep us. */
static int open_regular(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat stat;

	if (fd < 0)
		return -1;
	if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

/* sysfs and /proc know no size beforehand: one byte more than allowed is asked
 * for, to see whether there is one. */
static char *read_all(int fd, gsize max, gsize *length)
{
	g_autofree char *bytes = g_malloc(max + 2);
	gsize have = 0;

	while (have <= max) {
		ssize_t n = read(fd, bytes + have, MIN(max + 1 - have, PIECE_BYTES));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return NULL;
		if (n == 0) {
			bytes[have] = '\0';
			*length = have;
			return g_realloc(g_steal_pointer(&bytes), have + 1);
		}
		have += (gsize)n;
	}
	errno = EFBIG;
	return NULL;
}

char *file_read(int folder, const char *name, gsize max, gsize *length)
{
	int fd = open_regular(folder, name);
	gsize unasked;
	char *bytes;
	int errnum;

	if (fd < 0)
		return NULL;
	bytes = read_all(fd, max, length != NULL ? length : &unasked);
	errnum = errno;
	close(fd);
	errno = errnum;
	return bytes;
}

char *file_read_end(const char *path, gsize max)
{
	int fd = open_regular(AT_FDCWD, path);
	g_autofree char *bytes = g_malloc(max + 1);
	struct stat stat;
	ssize_t n;

	if (fd < 0)
		return NULL;
	n = fstat(fd, &stat) == 0 ? pread(fd, bytes, max, MAX(stat.st_size - (off_t)max, 0)) : -1;
	close(fd);
	if (n < 0)
		return NULL;
	bytes[n] = '\0';
	return g_steal_pointer(&bytes);
}

char *file_read_line(const char *path, gsize max)
{
	gsize length;
	char *bytes = file_read(AT_FDCWD, path, max, &length);

	while (bytes != NULL && length > 0 && bytes[length - 1] == '\n')
		bytes[--length] = '\0';
	return bytes;
}

/* One write() is one order to the kernel: what it took only half of, it did not
 * do. 0, or an errno. */
int file_order(const char *path, const char *value, gsize length)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	ssize_t n;
	int errnum;

	if (fd < 0)
		return errno;
	do
		n = write(fd, value, length);
	while (n < 0 && errno == EINTR);
	errnum = n < 0 ? errno : (gsize)n < length ? EIO : 0;
	close(fd);
	return errnum;
}

char *link_read(const char *path)
{
	char target[1024];
	ssize_t n = readlink(path, target, sizeof(target));

	if (n >= 0 && (gsize)n < sizeof(target))
		return g_strndup(target, (gsize)n);
	if (n >= 0)
		errno = ENAMETOOLONG;
	return NULL;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *folder_names(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	GPtrArray *names;

	if (folder == NULL)
		return NULL;
	names = g_ptr_array_new_with_free_func(g_free);
	while ((entry = readdir(folder)) != NULL) {
		if (!g_str_equal(entry->d_name, ".") && !g_str_equal(entry->d_name, ".."))
			g_ptr_array_add(names, g_strdup(entry->d_name));
	}
	closedir(folder);
	g_ptr_array_sort(names, compare_names);
	return names;
}
