/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder of files in the form in which the kernel and libvirt give them, in the place
 * of the machine's root, and a host that reads there. Paths are relative to it. */
#pragma once

#include "host/machine.h"

typedef struct {
	char *root;
	HostlerHost *host; /* its run_dir does not exist */
} Tree;

/* An empty one that anybody may read. */
void tree_open(Tree *tree);
/* As g_test_add() calls it. */
void tree_close(Tree *tree, gconstpointer data);

/* To be freed. */
char *tree_path(const Tree *tree, const char *path);

/* These make the folders on the way, and take the place of what is there. A length of -1: to the NUL. */
void tree_file(const Tree *tree, const char *path, const char *text);
void tree_bytes(const Tree *tree, const char *path, const char *bytes, gssize length);
void tree_program(const Tree *tree, const char *path, const char *script);
void tree_link(const Tree *tree, const char *path, const char *target);
void tree_folder(const Tree *tree, const char *path);

void tree_assert_file(const Tree *tree, const char *path, const char *expected);

/* A whole path, whatever is there, and all below it; links are not followed. */
void tree_remove(const char *path);
