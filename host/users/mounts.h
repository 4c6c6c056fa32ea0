/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host/users/search.h"

/* What is mounted, here and in the mount namespaces of all other processes, and swapped to. */
typedef struct {
	GPtrArray *mounts; /* Mount */
	char *swaps;       /* /proc/swaps */
} Mounts;

gboolean mounts_read(Search *search, Mounts *mounts, GError **error);
void mounts_clear(Mounts *mounts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Mounts, mounts_clear)

/* "mounted on /data", "mounted on /data by postgres (pid 123)", or NULL. `nodes`
 * are the paths in /dev that a block device goes by, NULL at the end. */
char *mounts_describe(const Mounts *mounts, const char *dev, const char *const *nodes);
gboolean mounts_have_swap(const Mounts *mounts, const char *const *nodes);
