/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run as lines of small blocks. */
#include "chart.h"

#include <math.h>
#include <string.h>

#include "qemu-helpers/json/read.h"
#include "qemu-helpers/metrics/tally.h"
#include "qemu-helpers/metrics/words.h"

#define COLUMNS 60
#define MOST_SERIES 24
#define LEVELS 8
#define UNKNOWN ((double)NAN)
/* A pause in the samples of more than this many intervals is left blank. */
#define LONGEST_PAUSE 3

typedef struct {
	const MeterKind *kind;
	char *target;
	guint counter;
	guint64 count; /* at the last sample */
	double at;
	double drawn; /* until then */
	double rates[COLUMNS]; /* UNKNOWN where nobody knows */
	double peak;
} Series;

typedef struct {
	GPtrArray *series; /* Series */
	double first;
	double last;
	guint n;
	double interval;
} Chart;

static void series_free(gpointer data)
{
	Series *series = data;

	g_free(series->target);
	g_free(series);
}

static Series *find_series(Chart *chart, const Meter *meter, guint counter)
{
	Series *series;

	for (guint i = 0; i < chart->series->len; i++) {
		series = g_ptr_array_index(chart->series, i);
		if (series->kind == meter->kind && series->counter == counter &&
		    g_str_equal(series->target, meter->target))
			return series;
	}
	if (chart->series->len >= MOST_SERIES)
		return NULL;
	series = g_new0(Series, 1);
	series->kind = meter->kind;
	series->target = g_strdup(meter->target);
	series->counter = counter;
	series->at = UNKNOWN;
	for (guint i = 0; i < COLUMNS; i++)
		series->rates[i] = UNKNOWN;
	g_ptr_array_add(chart->series, series);
	return series;
}

static guint column_at(const Chart *chart, double at)
{
	double share = (at - chart->first) / (chart->last - chart->first);

	return (guint)CLAMP(share * COLUMNS, 0, COLUMNS - 1);
}

/* The highest of all that fall into a column, for a peak must not get lost. */
static void draw(const Chart *chart, Series *series, double until, double rate)
{
	for (guint i = column_at(chart, series->drawn); i <= column_at(chart, until); i++)
		series->rates[i] = isnan(series->rates[i]) ? rate : MAX(series->rates[i], rate);
	series->peak = MAX(series->peak, rate);
}

static void add_count(const Chart *chart, Series *series, guint64 count, double at)
{
	double span = at - series->at;

	if (span >= TALLY_SHORTEST_SPAN && span <= LONGEST_PAUSE * chart->interval + 1 && count >= series->count)
		draw(chart, series, at, (double)(count - series->count) / span);
	/* A span too short for a rate is drawn with the next one. */
	if (!(span < TALLY_SHORTEST_SPAN))
		series->drawn = at;
	series->count = count;
	series->at = at;
}

static gboolean is_bytes(const MeterKind *kind, guint counter)
{
	return g_str_has_suffix(kind->counters[counter].name, "_bytes");
}

static void add_sample(const Sample *sample, JsonObject *line, gpointer data)
{
	Chart *chart = data;

	for (guint i = 0; i < sample->meters->len; i++) {
		const Meter *meter = g_ptr_array_index(sample->meters, i);

		for (guint counter = 0; counter < METER_COUNTERS; counter++) {
			Series *series = meter_knows(meter, counter) && is_bytes(meter->kind, counter) ?
						 find_series(chart, meter, counter) : NULL;

			if (series != NULL)
				add_count(chart, series, meter->counts[counter], sample->at);
		}
	}
}

static void note_span(const Sample *sample, JsonObject *line, gpointer data)
{
	Chart *chart = data;

	if (chart->n++ == 0)
		chart->first = sample->at;
	chart->last = sample->at;
}

/* --- drawing --- */

static const char *const blocks[LEVELS + 1] = { "▁", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const signs[LEVELS + 1] = { "_", ".", ":", "-", "=", "+", "*", "%", "#" };

static const char *choose_block(const Paper *paper, const Series *series, guint column)
{
	double rate = series->rates[column];
	guint level = 0;

	if (isnan(rate))
		return " ";
	if (series->peak > 0)
		level = (guint)CLAMP(ceil(rate / series->peak * LEVELS), 0, LEVELS);
	return (paper->blocks ? blocks : signs)[level];
}

/* "read_bytes": "read" */
static char *name_way(const Series *series)
{
	const char *name = series->kind->counters[series->counter].name;

	return g_strndup(name, strlen(name) - strlen("_bytes"));
}

static void print_series(const Paper *paper, const Series *series, int width)
{
	g_autofree char *way = name_way(series);
	g_autofree char *target = paper_text(series->target);
	g_autofree char *peak = words_bytes(series->peak);

	paper_print(paper, INK_PLAIN, width, target);
	fprintf(paper->out, "  %-5s  ", way);
	for (guint i = 0; i < COLUMNS; i++)
		fputs(choose_block(paper, series, i), paper->out);
	fprintf(paper->out, "  at most %s/s\n", peak);
}

static int widest_target(const Chart *chart)
{
	glong width = 0;

	for (guint i = 0; i < chart->series->len; i++) {
		const Series *series = g_ptr_array_index(chart->series, i);
		g_autofree char *target = paper_text(series->target);

		width = MAX(width, g_utf8_strlen(target, -1));
	}
	return (int)MIN(width, 24);
}

static void print_scale(const Paper *paper, const Chart *chart)
{
	g_autofree char *duration = words_duration(chart->last - chart->first);
	g_autofree char *column = words_duration(MAX((chart->last - chart->first) / COLUMNS, 1));

	fprintf(paper->out, "the run from its first sample to its last, %s; a column is about %s\n", duration,
		column);
}

void chart_print(const Paper *paper, const Run *run)
{
	Chart chart = { .interval = 10 };
	int width;

	if (run->start != NULL)
		chart.interval = json_number(json_node_get_object(run->start), "interval_seconds", 10);
	chart.interval = CLAMP(chart.interval, 1, 3600);
	run_each_sample(run, note_span, &chart);
	if (chart.last <= chart.first)
		return;
	chart.series = g_ptr_array_new_with_free_func(series_free);
	run_each_sample(run, add_sample, &chart);
	width = widest_target(&chart);
	print_scale(paper, &chart);
	for (guint i = 0; i < chart.series->len; i++)
		print_series(paper, g_ptr_array_index(chart.series, i), width);
	g_ptr_array_unref(chart.series);
}
