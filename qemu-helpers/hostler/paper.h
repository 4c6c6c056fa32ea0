/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <stdio.h>

/* How things are shown: in colour and columns to a person at a terminal, plainly
 * to a pipe. Text that comes from anywhere else goes through paper_text(). */
typedef struct {
	FILE *out;
	gboolean terminal; /* columns */
	gboolean colour;   /* and no NO_COLOR */
	gboolean blocks;   /* it can show more than ASCII */
} Paper;

typedef enum {
	INK_PLAIN,
	INK_BOLD,
	INK_GREEN,
	INK_YELLOW,
	INK_RED,
} Ink;

/* stdout, as it is. */
Paper paper_open(void);

/* In this ink, padded to `width` columns; 0: not padded. */
void paper_print(const Paper *paper, Ink ink, int width, const char *text);
/* Of any text, for one line of a terminal. */
char *paper_text(const char *text);

/* Prints what was built, on a line. */
void paper_print_json(const Paper *paper, JsonBuilder *builder);
