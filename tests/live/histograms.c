/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two books with latency histograms in the folder given, as hostler-metrics writes them, and
 * beside each what Prometheus would read. libvirt's answers are made up: 12.1 was not at hand. */
#include <stdio.h>

#include "qemu-helpers/metrics/book.h"
#include "qemu-helpers/metrics/prometheus.h"
#include "qemu-helpers/metrics/recall.h"
#include "tests/unit/metrics-stay.h"

#define EVIL "=x\"$(y)\t\n\xe2\x80\xae'\\%s"
#define BOUNDS 9

typedef struct {
	virTypedParameterPtr params;
	int n, max;
} Answer;

typedef struct {
	const char *folder;
	const char *uuid;
	const char *name;
	const char *target;
	GString *lines;
	char *file;
} Story;

static void add_count(Answer *answer, guint64 value, const char *field)
{
	g_assert_cmpint(virTypedParamsAddULLong(&answer->params, &answer->n, &answer->max, field, value), ==, 0);
}

/* From 0, 10, 100, ... ns on, as in libvirt's patch; `unit` makes bins of another kind. */
static void add_histogram(Answer *answer, const char *way, guint64 unit, const guint64 *counts)
{
	g_autofree char *number = g_strdup_printf("block.0.latency_histogram.%s.bin.count", way);
	guint64 start = 0;

	add_count(answer, BOUNDS, number);
	for (guint i = 0; i < BOUNDS; i++) {
		g_autofree char *from = g_strdup_printf("block.0.latency_histogram.%s.bin.%u.start", way, i);
		g_autofree char *value = g_strdup_printf("block.0.latency_histogram.%s.bin.%u.value", way, i);

		add_count(answer, start * unit, from);
		add_count(answer, counts[i], value);
		start = start == 0 ? 10 : start * 10;
	}
}

/* `n` times as much of everything as the first one. */
static Sample *make_sample(const Story *story, double at, guint64 n, guint64 unit)
{
	const guint64 reads[BOUNDS] = { 0, 0, 0, 10 * n, 800 * n, 150 * n, 39 * n, n, 0 };
	const guint64 writes[BOUNDS] = { 0, 0, 0, 0, 0, 40 * n, 50 * n, 8 * n, 2 * n };
	const guint64 flushes[BOUNDS] = { 0 };
	Answer answer = { 0 };
	Sample *sample;

	virTypedParamsAddString(&answer.params, &answer.n, &answer.max, "block.0.name", story->target);
	add_count(&answer, 4096000 * n, "block.0.rd.bytes");
	add_count(&answer, 1000 * n, "block.0.rd.reqs");
	add_count(&answer, 90000000 * n, "block.0.rd.times");
	add_count(&answer, 409600 * n, "block.0.wr.bytes");
	add_count(&answer, 100 * n, "block.0.wr.reqs");
	add_count(&answer, 500000000 * n, "block.0.wr.times");
	add_count(&answer, 0, "block.0.fl.reqs");
	add_count(&answer, 0, "block.0.fl.times");
	add_histogram(&answer, "read", unit, reads);
	add_histogram(&answer, "write", unit, writes);
	add_histogram(&answer, "zone_append", unit, flushes);
	add_histogram(&answer, "flush", unit, flushes);
	sample = sample_from_libvirt(story->uuid, answer.params, answer.n, at);
	virTypedParamsFree(answer.params, answer.n);
	return sample;
}

static gboolean take_line(gpointer data, const char *file, const char *line)
{
	Story *story = data;

	g_free(story->file);
	story->file = g_strdup(file);
	g_string_append(story->lines, line);
	return TRUE;
}

static void write_file(const Story *story, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(story->folder, name, NULL);
	g_autoptr(GError) error = NULL;

	g_file_set_contents(path, text, -1, &error);
	g_assert_no_error(error);
}

static void tell_run(Story *story, double began, guint64 unit)
{
	HostlerRecord *stay = make_stay(story->uuid, story->name, 10);
	g_autoptr(Sample) last = make_sample(story, began + 30, 3, unit);
	g_autofree char *text = NULL;
	g_autofree char *name = g_strdup_printf("%s.prom", story->uuid);
	Book *book;

	stay->qemu.start = (guint64)began * (guint64)sysconf(_SC_CLK_TCK);
	book = book_new(stay, take_line, story);
	book_recall(book, story->lines->str);
	book_begin(book);
	for (guint n = 1; n <= 3; n++)
		book_sample(book, make_sample(story, began + 10 * n, n, unit));
	text = prometheus_text(book, last);
	book_report(book, began + 31, "shutdown");
	write_file(story, name, text);
	book_free(book);
}

static void tell(Story *story)
{
	story->lines = g_string_new(NULL);
	tell_run(story, STAY_BEGAN, 1);
	tell_run(story, STAY_BEGAN + 100, 10);
	write_file(story, story->file, story->lines->str);
	g_string_free(story->lines, TRUE);
	g_free(story->file);
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : ".";

	g_assert_cmpint(virInitialize(), ==, 0);
	tell(&(Story){ .folder = folder, .uuid = STAY_UUID, .name = "web", .target = "vda" });
	tell(&(Story){ .folder = folder, .uuid = "6f30cf5b-0000-4000-8000-000000000002", .name = EVIL, .target = EVIL });
	return 0;
}
