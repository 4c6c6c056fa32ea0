/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

typedef struct {
	const char *root;
	GKeyFile *host;
	char *dump; /* begins with a newline */
} Tree;

/* --- tree-files.c: below the root, with the folders on the way --- */
char *tree_place(const Tree *tree, const char *path);
void tree_put(const Tree *tree, const char *text, const char *format, ...) G_GNUC_PRINTF(3, 4);
void tree_put_link(const Tree *tree, const char *path, const char *target);
void tree_put_folder(const Tree *tree, const char *path);
/* Of the host; owned by the caller. */
char *tree_get(const Tree *tree, const char *group, const char *key, const char *otherwise);

/* --- tree-device.c --- */
void tree_put_device(const Tree *tree, const char *group);
