/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "paper.h"

/* A table of text: aligned below its headings at a terminal, in a pipe a line for
 * each row with tabs between, and the title before each. */
typedef struct _Grid Grid;

/* `headings`: NULL at the end, static. The first `n_left` columns are text and
 * stand at the left, the others figures at the right. */
Grid *grid_new(const char *title, const char *const *headings, guint n_left);
void grid_free(Grid *grid);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Grid, grid_free)

/* Fills the next cell; NULL or "": there is nothing to say. Any text. */
void grid_add(Grid *grid, const char *text);
/* Takes the text. */
void grid_take(Grid *grid, char *text);

void grid_print(const Paper *paper, const Grid *grid);
