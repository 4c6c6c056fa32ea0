/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Columns of text and figures. */
#include "grid.h"

#define WIDEST 60

struct _Grid {
	const char *title;
	const char *const *headings;
	guint n_columns;
	guint n_left;
	GPtrArray *cells; /* char *, fit for a terminal, row by row */
};

Grid *grid_new(const char *title, const char *const *headings, guint n_left)
{
	Grid *grid = g_new0(Grid, 1);

	grid->title = title;
	grid->headings = headings;
	grid->n_left = n_left;
	while (headings[grid->n_columns] != NULL)
		grid->n_columns++;
	grid->cells = g_ptr_array_new_with_free_func(g_free);
	return grid;
}

void grid_free(Grid *grid)
{
	g_ptr_array_unref(grid->cells);
	g_free(grid);
}

void grid_add(Grid *grid, const char *text)
{
	g_ptr_array_add(grid->cells, paper_text(text != NULL && *text != '\0' ? text : "-"));
}

void grid_take(Grid *grid, char *text)
{
	grid_add(grid, text);
	g_free(text);
}

static const char *cell(const Grid *grid, guint row, guint column)
{
	guint index = row * grid->n_columns + column;

	return index < grid->cells->len ? g_ptr_array_index(grid->cells, index) : "";
}

static guint count_rows(const Grid *grid)
{
	return (grid->cells->len + grid->n_columns - 1) / grid->n_columns;
}

static int measure(const Grid *grid, guint column)
{
	glong width = g_utf8_strlen(grid->headings[column], -1);

	for (guint row = 0; row < count_rows(grid); row++)
		width = MAX(width, g_utf8_strlen(cell(grid, row, column), -1));
	return (int)MIN(width, WIDEST);
}

static void print_cell(const Paper *paper, const Grid *grid, guint column, Ink ink, const char *text)
{
	gboolean last = column + 1 == grid->n_columns;
	int width = measure(grid, column);
	int missing = width - (int)g_utf8_strlen(text, -1);

	if (column > 0)
		fputs("  ", paper->out);
	if (column >= grid->n_left && missing > 0)
		fprintf(paper->out, "%*s", missing, "");
	paper_print(paper, ink, column < grid->n_left && !last ? width : 0, text);
}

static void print_columns(const Paper *paper, const Grid *grid)
{
	paper_print(paper, INK_BOLD, 0, grid->title);
	fputs("\n", paper->out);
	for (guint column = 0; column < grid->n_columns; column++)
		print_cell(paper, grid, column, INK_BOLD, grid->headings[column]);
	fputs("\n", paper->out);
	for (guint row = 0; row < count_rows(grid); row++) {
		for (guint column = 0; column < grid->n_columns; column++)
			print_cell(paper, grid, column, INK_PLAIN, cell(grid, row, column));
		fputs("\n", paper->out);
	}
}

static void print_lines(const Paper *paper, const Grid *grid)
{
	fputs(grid->title, paper->out);
	for (guint column = 0; column < grid->n_columns; column++)
		fprintf(paper->out, "\t%s", grid->headings[column]);
	fputs("\n", paper->out);
	for (guint row = 0; row < count_rows(grid); row++) {
		fputs(grid->title, paper->out);
		for (guint column = 0; column < grid->n_columns; column++)
			fprintf(paper->out, "\t%s", cell(grid, row, column));
		fputs("\n", paper->out);
	}
}

void grid_print(const Paper *paper, const Grid *grid)
{
	if (grid->cells->len == 0)
		return;
	if (paper->terminal)
		print_columns(paper, grid);
	else
		print_lines(paper, grid);
}
