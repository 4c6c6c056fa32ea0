/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of what went to and from each disk and NIC of a run. */
#include "run-devices.h"

#include "grid.h"
#include "qemu-helpers/json/read.h"
#include "qemu-helpers/metrics/line.h"
#include "qemu-helpers/metrics/words.h"

/* What is told of a way to or from a device. */
typedef struct {
	const char *name;
	const char *bytes;
	const char *operations;
	const char *latency; /* NULL: there is none */
} Way;

static const Way ways_of_disk[] = {
	{ "read", "read_bytes", "read_ops", "read" },
	{ "write", "write_bytes", "write_ops", "write" },
};
static const Way flushing = { "flush", "flush_bytes", "flush_ops", "flush" }; /* which has no bytes */
static const Way ways_of_nic[] = {
	{ "rx", "rx_bytes", "rx_packets", NULL },
	{ "tx", "tx_bytes", "tx_packets", NULL },
};

char *run_say_time(JsonObject *object, const char *name)
{
	gint64 time = line_read_time(json_text(object, name));
	g_autoptr(GDateTime) date = time > 0 ? g_date_time_new_from_unix_utc(time / G_USEC_PER_SEC) : NULL;

	return date != NULL ? g_date_time_format(date, "%F %H:%M UTC") : NULL;
}

static char *say_peak_time(JsonObject *device, const char *counter)
{
	gint64 time = line_read_time(json_text(json_part(device, "peak_time"), counter));
	g_autoptr(GDateTime) date = time > 0 ? g_date_time_new_from_unix_utc(time / G_USEC_PER_SEC) : NULL;

	return date != NULL ? g_date_time_format(date, "%T") : NULL;
}

static void add_rate(Grid *grid, JsonObject *rates, const char *counter, char *(*words)(double))
{
	double rate = json_number(rates, counter, -1);

	grid_take(grid, rate >= 0 ? words(rate) : NULL);
}

static JsonObject *find_spread(JsonObject *device, const Way *way)
{
	return way->latency != NULL ? json_part(json_part(device, "percentile_latency_seconds"), way->latency) : NULL;
}

/* Bins say less than what it was; the last one, at least how much. */
static void add_percentiles(Grid *grid, JsonObject *spread)
{
	static const char *const names[] = { "p50", "p95", "p99" };
	double over = json_number(spread, "over", -1);

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		double below = json_number(spread, names[i], -1);
		double bound = below >= 0 ? below : over;
		g_autofree char *words = words_seconds(bound);

		grid_take(grid, bound >= 0 ? g_strdup_printf("%s%s", below >= 0 ? "<" : ">=", words) : NULL);
	}
}

static void add_way(Grid *grid, JsonObject *device, const Way *way, gboolean spreads)
{
	JsonObject *peaks = json_part(device, "peak_per_second");
	JsonObject *latencies = way->latency != NULL ? json_part(device, "mean_latency_seconds") : NULL;
	double latency = json_number(latencies, way->latency, -1);

	add_rate(grid, device, way->bytes, words_bytes);
	add_rate(grid, json_part(device, "mean_per_second"), way->bytes, words_bytes);
	add_rate(grid, peaks, way->bytes, words_bytes);
	grid_take(grid, say_peak_time(device, way->bytes));
	add_rate(grid, peaks, way->operations, words_count);
	grid_take(grid, latency >= 0 ? words_seconds(latency) : NULL);
	if (spreads)
		add_percentiles(grid, find_spread(device, way));
}

static void add_name(Grid *grid, JsonObject *device, const char *way, const char *when)
{
	const char *target = json_text(device, "target");

	grid_take(grid, g_strdup_printf("%s%s%s%s", target != NULL ? target : "?", when != NULL ? " (" : "",
					when != NULL ? when : "", when != NULL ? ")" : ""));
	grid_add(grid, way);
}

/* A disk keeps its target; a NIC has another one each time, but the same MAC. */
static JsonObject *find_same(JsonObject *report, const char *section, JsonObject *device)
{
	g_autoptr(GPtrArray) devices = json_items(report, section);
	const char *key = json_text(device, "mac") != NULL ? "mac" : "target";

	for (guint i = 0; i < devices->len; i++) {
		if (g_strcmp0(json_text(g_ptr_array_index(devices, i), key), json_text(device, key)) == 0)
			return g_ptr_array_index(devices, i);
	}
	return NULL;
}

/* This run's row, and below it those of the runs before, the nearest first. */
static void add_rows(Grid *grid, JsonObject *figures, const char *section, JsonObject *device, const Way *way,
		     gboolean spreads)
{
	g_autoptr(GPtrArray) previous = json_items(figures, "previous");

	add_name(grid, device, way->name, NULL);
	add_way(grid, device, way, spreads);
	for (guint i = previous->len; i > 0; i--) {
		JsonObject *report = g_ptr_array_index(previous, i - 1);
		JsonObject *same = find_same(report, section, device);
		g_autofree char *when = run_say_time(report, "time");

		if (same == NULL)
			continue;
		add_name(grid, device, way->name, when != NULL ? when : "before");
		add_way(grid, same, way, spreads);
	}
}

static gboolean has_spreads(GPtrArray *devices)
{
	for (guint i = 0; i < devices->len; i++) {
		if (json_part(g_ptr_array_index(devices, i), "percentile_latency_seconds") != NULL)
			return TRUE;
	}
	return FALSE;
}

/* The last three columns are left out where nobody counted bins, and so are flushes. */
void run_print_devices(const Paper *paper, JsonObject *figures, const char *section)
{
	static const char *const headings[] = {
		"DEVICE", "WAY", "BYTES", "MEAN/s", "PEAK/s", "AT", "PEAK OPS/s", "LATENCY", NULL,
	};
	static const char *const with_spreads[] = {
		"DEVICE",     "WAY",	 "BYTES", "MEAN/s", "PEAK/s", "AT",
		"PEAK OPS/s", "LATENCY", "P50",	  "P95",    "P99",    NULL,
	};
	const Way *ways = g_str_equal(section, "disks") ? ways_of_disk : ways_of_nic;
	g_autoptr(GPtrArray) devices = json_items(figures, section);
	gboolean spreads = ways == ways_of_disk && has_spreads(devices);
	g_autoptr(Grid) grid = grid_new(section, spreads ? with_spreads : headings, 2);

	for (guint i = 0; i < devices->len; i++) {
		JsonObject *device = g_ptr_array_index(devices, i);

		add_rows(grid, figures, section, device, &ways[0], spreads);
		add_rows(grid, figures, section, device, &ways[1], spreads);
		if (spreads && find_spread(device, &flushing) != NULL)
			add_rows(grid, figures, section, device, &flushing, spreads);
	}
	grid_print(paper, grid);
}

gboolean run_has_percentiles(JsonObject *figures)
{
	g_autoptr(GPtrArray) disks = json_items(figures, "disks");

	return has_spreads(disks);
}
