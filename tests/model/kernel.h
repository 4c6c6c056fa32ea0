/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What the kernel holds, seen by nft and not by hostler's own eyes. */
typedef struct {
	char *table;       /* as model_table() writes it */
	char *foreign;     /* all that is not ours, as nft lists it */
	gboolean marks[2]; /* two rules of ours lead FORWARD of `ip filter`, of `ip6 filter`, or there is none */
	gboolean clean;    /* nothing of ours is there */
} Kernel;

/* `bridge`: for which the marks are to be. */
Kernel *kernel_look(const char *bridge);
void kernel_free(Kernel *kernel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Kernel, kernel_free)
