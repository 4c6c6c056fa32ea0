/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gathers lines as they come, and shows them VM by VM. */
#include "table.h"

#include <string.h>

#include "hostler/text.h"
#include "qemu-helpers/json/ascii.h"

#define WIDEST_KEY 40

typedef struct {
	char *uuid; /* of the VM; NULL: the host's own */
	char *vm;   /* its name */
	char *section;
	char *key;
	char *text;
} Row;

struct _Table {
	GPtrArray *rows; /* Row, as they came */
};

static void row_free(gpointer data)
{
	Row *row = data;

	g_free(row->uuid);
	g_free(row->vm);
	g_free(row->section);
	g_free(row->key);
	g_free(row->text);
	g_free(row);
}

Table *table_new(void)
{
	Table *table = g_new(Table, 1);

	table->rows = g_ptr_array_new_with_free_func(row_free);
	return table;
}

void table_free(Table *table)
{
	g_ptr_array_unref(table->rows);
	g_free(table);
}

static void add_line(gpointer data, const HostlerRecord *of, const char *section, const char *key, const char *text)
{
	Table *table = data;
	Row *row = g_new0(Row, 1);

	if (of != NULL) {
		row->uuid = g_strdup(of->uuid);
		row->vm = hostler_text_shown(of->name);
	}
	row->section = g_strdup(section);
	row->key = paper_text(key);
	row->text = paper_text(text);
	g_ptr_array_add(table->rows, row);
}

HostlerSink table_sink(Table *table)
{
	return (HostlerSink){ .line = add_line, .data = table };
}

/* --- parts of a table (Row, borrowed) --- */

static gboolean has_uuid(const Row *row, const char *uuid)
{
	return g_strcmp0(row->uuid, uuid) == 0;
}

static gboolean has_section(const Row *row, const char *section)
{
	return g_str_equal(row->section, section);
}

static GPtrArray *select_rows(const GPtrArray *rows, gboolean (*has)(const Row *row, const char *value),
			      const char *value)
{
	GPtrArray *selected = g_ptr_array_new();

	for (guint i = 0; i < rows->len; i++) {
		if (has(g_ptr_array_index(rows, i), value))
			g_ptr_array_add(selected, g_ptr_array_index(rows, i));
	}
	return selected;
}

/* In the order met. */
static GPtrArray *list_sections(const GPtrArray *rows)
{
	GPtrArray *sections = g_ptr_array_new();

	for (guint i = 0; i < rows->len; i++) {
		char *section = ((Row *)g_ptr_array_index(rows, i))->section;

		if (!g_ptr_array_find_with_equal_func(sections, section, g_str_equal, NULL))
			g_ptr_array_add(sections, section);
	}
	return sections;
}

static GPtrArray *list_uuids(const GPtrArray *rows)
{
	GPtrArray *uuids = g_ptr_array_new();

	for (guint i = 0; i < rows->len; i++) {
		char *uuid = ((Row *)g_ptr_array_index(rows, i))->uuid;

		if (uuid != NULL && !g_ptr_array_find_with_equal_func(uuids, uuid, g_str_equal, NULL))
			g_ptr_array_add(uuids, uuid);
	}
	return uuids;
}

/* --- for a person --- */

static int key_width(const GPtrArray *rows)
{
	glong width = 0;

	for (guint i = 0; i < rows->len; i++)
		width = MAX(width, g_utf8_strlen(((const Row *)g_ptr_array_index(rows, i))->key, -1));
	return (int)MIN(width, WIDEST_KEY);
}

/* "STUCK for 3 min", "MISSING", "DOES NOT RUN" */
static Ink choose_ink(const char *text)
{
	gsize capitals = strspn(text, G_CSET_A_2_Z);

	return capitals > 1 && (text[capitals] == ' ' || text[capitals] == '\0') ? INK_RED : INK_PLAIN;
}

static void print_heading(const Paper *paper, const GPtrArray *rows)
{
	for (guint i = 0; i < rows->len; i++) {
		const Row *row = g_ptr_array_index(rows, i);

		paper_print(paper, INK_BOLD, 0, row->key);
		fputs("  ", paper->out);
		paper_print(paper, choose_ink(row->text), 0, row->text);
		fputs("\n", paper->out);
	}
}

static void print_section(const Paper *paper, const char *indent, const char *name, const GPtrArray *rows)
{
	int width = key_width(rows);

	fputs(indent, paper->out);
	paper_print(paper, INK_BOLD, 0, name);
	fputs("\n", paper->out);
	for (guint i = 0; i < rows->len; i++) {
		const Row *row = g_ptr_array_index(rows, i);

		fprintf(paper->out, "%s  ", indent);
		paper_print(paper, INK_PLAIN, width, row->key);
		fputs("  ", paper->out);
		paper_print(paper, choose_ink(row->text), 0, row->text);
		fputs("\n", paper->out);
	}
}

/* --- for a pipe --- */

static void print_lines(const Paper *paper, const GPtrArray *rows)
{
	for (guint i = 0; i < rows->len; i++) {
		const Row *row = g_ptr_array_index(rows, i);

		fprintf(paper->out, "%s\t%s\t%s", row->section, row->key, row->text);
		if (row->vm != NULL && !has_section(row, TABLE_VMS))
			fprintf(paper->out, "\t%s", row->vm);
		fputs("\n", paper->out);
	}
}

static void print_part(const Paper *paper, const Table *table, const char *uuid)
{
	g_autoptr(GPtrArray) part = select_rows(table->rows, has_uuid, uuid);
	g_autoptr(GPtrArray) sections = list_sections(part);

	for (guint i = 0; i < sections->len; i++) {
		const char *section = g_ptr_array_index(sections, i);
		g_autoptr(GPtrArray) rows = select_rows(part, has_section, section);

		if (!paper->terminal)
			print_lines(paper, rows);
		else if (g_str_equal(section, TABLE_VMS))
			print_heading(paper, rows);
		else
			print_section(paper, uuid != NULL ? "  " : "", section, rows);
	}
}

void table_print(const Paper *paper, const Table *table)
{
	g_autoptr(GPtrArray) uuids = list_uuids(table->rows);

	for (guint i = 0; i < uuids->len; i++)
		print_part(paper, table, g_ptr_array_index(uuids, i));
	print_part(paper, table, NULL);
}

/* --- for a program --- */

static void add_row(JsonBuilder *builder, const Row *row)
{
	json_builder_begin_object(builder);
	json_add_text(builder, "key", row->key);
	json_add_text(builder, "text", row->text);
	json_add_text(builder, "vm", row->vm);
	json_add_text(builder, "uuid", row->uuid);
	json_builder_end_object(builder);
}

void table_print_json(const Paper *paper, const Table *table)
{
	g_autoptr(JsonBuilder) builder = json_builder_new_immutable();
	g_autoptr(GPtrArray) sections = list_sections(table->rows);

	json_builder_begin_object(builder);
	for (guint i = 0; i < sections->len; i++) {
		const char *section = g_ptr_array_index(sections, i);
		g_autoptr(GPtrArray) rows = select_rows(table->rows, has_section, section);

		json_begin_array(builder, section);
		for (guint j = 0; j < rows->len; j++)
			add_row(builder, g_ptr_array_index(rows, j));
		json_builder_end_array(builder);
	}
	json_builder_end_object(builder);
	paper_print_json(paper, builder);
}
