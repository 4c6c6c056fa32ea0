/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Small files and folders, of the kernel's or of others', read with a limit. */

/* The whole of a regular file, ended by a NUL; NULL with errno set (EFBIG: more
 * than `max` bytes). `length` may be NULL. `folder` as for openat(). */
char *file_read(int folder, const char *name, gsize max, gsize *length);
/* The last `max` bytes of a regular file, or fewer, ended by a NUL; NULL with errno set. */
char *file_read_end(const char *path, gsize max);
/* Trailing newlines cut off. */
char *file_read_line(const char *path, gsize max);

/* Writes to a file of the kernel, in one piece; 0, or an errno. */
int file_order(const char *path, const char *value, gsize length);

/* What a symbolic link says; NULL with errno set. */
char *link_read(const char *path);

/* The names in a folder, sorted; NULL with errno set. */
GPtrArray *folder_names(const char *path);
