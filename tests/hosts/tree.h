/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Unfolds `folder`/host and `folder`/dump (README.md says how they are written)
 * into the files that a kernel would show, below `root`. */
void tree_unfold(const char *folder, const char *root);
void tree_remove(const char *root);
