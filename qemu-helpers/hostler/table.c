/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include <string.h>

#include "qemu-helpers/json/ascii.h"

#define WIDEST_KEY 40

typedef struct {
	char *key;
	char *text;
} Row;

typedef struct {
	char *name;
	GPtrArray *rows;
} Section;

struct _Table {
	GPtrArray *sections; /* in the order met */
};

static void row_free(gpointer data)
{
	Row *row = data;

	g_free(row->key);
	g_free(row->text);
	g_free(row);
}

static void section_free(gpointer data)
{
	Section *section = data;

	g_ptr_array_unref(section->rows);
	g_free(section->name);
	g_free(section);
}

Table *table_new(void)
{
	Table *table = g_new(Table, 1);

	table->sections = g_ptr_array_new_with_free_func(section_free);
	return table;
}

void table_free(Table *table)
{
	g_ptr_array_unref(table->sections);
	g_free(table);
}

static Section *get_section(Table *table, const char *name)
{
	Section *section;

	for (guint i = 0; i < table->sections->len; i++) {
		section = g_ptr_array_index(table->sections, i);
		if (g_str_equal(section->name, name))
			return section;
	}
	section = g_new(Section, 1);
	section->name = g_strdup(name);
	section->rows = g_ptr_array_new_with_free_func(row_free);
	g_ptr_array_add(table->sections, section);
	return section;
}

static void add_line(gpointer data, const char *section, const char *key, const char *text)
{
	Row *row = g_new(Row, 1);

	row->key = paper_text(key);
	row->text = paper_text(text);
	g_ptr_array_add(get_section(data, section)->rows, row);
}

HostlerSink table_sink(Table *table)
{
	return (HostlerSink){ .line = add_line, .data = table };
}

static int key_width(const Section *section)
{
	glong width = 0;

	for (guint i = 0; i < section->rows->len; i++) {
		const Row *row = g_ptr_array_index(section->rows, i);

		width = MAX(width, g_utf8_strlen(row->key, -1));
	}
	return (int)MIN(width, WIDEST_KEY);
}

static void print_section(const Paper *paper, const Section *section)
{
	int width = key_width(section);

	if (paper->terminal) {
		paper_print(paper, INK_BOLD, 0, section->name);
		fputs("\n", paper->out);
	}
	for (guint i = 0; i < section->rows->len; i++) {
		const Row *row = g_ptr_array_index(section->rows, i);

		if (!paper->terminal) {
			fprintf(paper->out, "%s\t%s\t%s\n", section->name, row->key, row->text);
			continue;
		}
		fputs("  ", paper->out);
		paper_print(paper, INK_PLAIN, width, row->key);
		fprintf(paper->out, "  %s\n", row->text);
	}
}

void table_print(const Paper *paper, const Table *table)
{
	for (guint i = 0; i < table->sections->len; i++)
		print_section(paper, g_ptr_array_index(table->sections, i));
}

static void add_row(JsonBuilder *builder, const Row *row)
{
	json_builder_begin_object(builder);
	json_add_text(builder, "key", row->key);
	json_add_text(builder, "text", row->text);
	json_builder_end_object(builder);
}

void table_print_json(const Paper *paper, const Table *table)
{
	g_autoptr(JsonBuilder) builder = json_builder_new_immutable();

	json_builder_begin_object(builder);
	for (guint i = 0; i < table->sections->len; i++) {
		const Section *section = g_ptr_array_index(table->sections, i);

		json_begin_array(builder, section->name);
		for (guint j = 0; j < section->rows->len; j++)
			add_row(builder, g_ptr_array_index(section->rows, j));
		json_builder_end_array(builder);
	}
	json_builder_end_object(builder);
	paper_print_json(paper, builder);
}
