/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <sys/stat.h>

/* Descriptors, for log.c alone; -1 with an error that says what mends it. */

int log_open_folder(const char *folder, GError **error);
/* A regular file of ours or root's alone; `info` is its. New ones get 0640. */
int log_open_file(const char *folder, const char *file, int flags, struct stat *info, GError **error);
