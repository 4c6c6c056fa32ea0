/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host/users/search.h"

GHashTable *nodes_new(void);
/* From now on a program that has /dev/NAME open counts. `dev` is the node's number as sysfs has it,
 * "259:2"; NULL: not known, so that any node of that name counts. */
void node_add(Search *search, const char *name, const char *dev);
/* The same for a socket of an ssh daemon, by its inode: `phrase` says so. */
void session_add(Search *search, const char *inode, const char *phrase);
/* Whether a program was found that has it open. */
gboolean node_is_open(const Search *search, const char *name);

/* Says which programs have open what was added. */
gboolean programs_see(Search *search, GError **error);
