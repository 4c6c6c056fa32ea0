/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables by kind of storage and of network: for a person, for a program, for
 * a spreadsheet. */
#include "csv.h"
#include "grid.h"
#include "kind.h"
#include "qemu-helpers/json/ascii.h"
#include "qemu-helpers/metrics/words.h"

static double per_second(const Kind *kind, double sum)
{
	return kind->seconds > 0 ? sum / kind->seconds : 0;
}

/* -1: nothing was asked for. */
static double mean_latency(const Kind *kind, guint seconds, guint requests)
{
	return kind->sums[requests] > 0 ? kind->sums[seconds] / kind->sums[requests] : -1;
}

/* --- figures of a kind, by name --- */

typedef void (*TakeFigure)(gpointer data, const char *name, double value);

static void each_disk_figure(const Kind *kind, TakeFigure take, gpointer data)
{
	static const struct {
		const char *name;
		guint seconds;
		guint requests;
	} latencies[] = {
		{ "read_latency_seconds", READ_SECONDS, IN_OPS },
		{ "write_latency_seconds", WRITE_SECONDS, OUT_OPS },
		{ "flush_latency_seconds", FLUSH_SECONDS, FLUSH_OPS },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(latencies); i++) {
		double latency = mean_latency(kind, latencies[i].seconds, latencies[i].requests);

		if (latency >= 0)
			take(data, latencies[i].name, latency);
	}
}

static void each_nic_figure(const Kind *kind, TakeFigure take, gpointer data)
{
	take(data, "rx_drops", kind->sums[RX_DROPS]);
	take(data, "tx_drops", kind->sums[TX_DROPS]);
	if (kind->with_round_trip == 0)
		return;
	take(data, "rtt_mean_seconds", kind->round_trips / kind->with_round_trip);
	take(data, "rtt_max_seconds", kind->longest_round_trip);
}

static void each_figure(const Kind *kind, TakeFigure take, gpointer data)
{
	take(data, "devices", g_hash_table_size(kind->devices));
	take(data, "runs", kind->runs);
	take(data, "seconds", kind->seconds);
	for (guint i = 0; i < G_N_ELEMENTS(kind->peaks); i++) {
		g_autofree char *total = g_strdup(kind->summed->names[i]);
		g_autofree char *mean = g_strdup_printf("%s_per_second", kind->summed->names[i]);
		g_autofree char *peak = g_strdup_printf("%s_per_second_peak", kind->summed->names[i]);

		take(data, total, kind->sums[i]);
		take(data, mean, per_second(kind, kind->sums[i]));
		take(data, peak, kind->peaks[i]);
	}
	if (kind->summed == &kinds_disk_sums)
		each_disk_figure(kind, take, data);
	else
		each_nic_figure(kind, take, data);
}

/* --- for a program --- */

static void add_member(gpointer data, const char *name, double value)
{
	json_add_number(data, name, value);
}

static void list_to_json(const GPtrArray *kinds, const char *name, const char *label, JsonBuilder *builder)
{
	json_begin_array(builder, name);
	for (guint i = 0; i < kinds->len; i++) {
		const Kind *kind = g_ptr_array_index(kinds, i);
		g_autofree char *shown = paper_text(kind->name);
		g_autofree char *cache = paper_text(kind->cache);

		json_builder_begin_object(builder);
		json_add_text(builder, label, shown);
		json_add_text(builder, "cache", *cache != '\0' ? cache : NULL);
		each_figure(kind, add_member, builder);
		json_builder_end_object(builder);
	}
	json_builder_end_array(builder);
}

void kinds_to_json(const Kinds *kinds, JsonBuilder *builder)
{
	list_to_json(kinds->disks, "storage", "storage_kind", builder);
	list_to_json(kinds->nics, "networks", "network_kind", builder);
}

typedef struct {
	const Paper *paper;
	const Kind *kind;
	const char *table;
} CsvRow;

static void print_figure(gpointer data, const char *name, double value)
{
	const CsvRow *row = data;
	const char *const texts[] = { row->table, row->kind->name, row->kind->cache, name, NULL };

	csv_print(row->paper, texts, value);
}

void kinds_print_csv(const Paper *paper, const Kinds *kinds)
{
	fputs("table,kind,cache,metric,value\n", paper->out);
	for (guint i = 0; i < kinds->disks->len + kinds->nics->len; i++) {
		gboolean disk = i < kinds->disks->len;
		CsvRow row = { paper, NULL, disk ? "storage" : "network" };

		row.kind = disk ? g_ptr_array_index(kinds->disks, i) :
				  g_ptr_array_index(kinds->nics, i - kinds->disks->len);
		each_figure(row.kind, print_figure, &row);
	}
}

/* --- for a person --- */

static void add_flow(Grid *grid, const Kind *kind, guint counter)
{
	grid_take(grid, words_bytes(per_second(kind, kind->sums[counter])));
	grid_take(grid, words_bytes(kind->peaks[counter]));
}

static void add_operations(Grid *grid, const Kind *kind)
{
	grid_take(grid, words_count(per_second(kind, kind->sums[IN_OPS] + kind->sums[OUT_OPS])));
	grid_take(grid, words_count(MAX(kind->peaks[IN_OPS], kind->peaks[OUT_OPS])));
}

static void add_latency(Grid *grid, double seconds)
{
	grid_take(grid, seconds >= 0 ? words_seconds(seconds) : NULL);
}

static void add_row(Grid *grid, const Kind *kind)
{
	grid_add(grid, kind->name);
	if (kind->summed == &kinds_disk_sums)
		grid_add(grid, kind->cache);
	grid_take(grid, g_strdup_printf("%u", g_hash_table_size(kind->devices)));
	grid_take(grid, g_strdup_printf("%u", kind->runs));
	add_flow(grid, kind, IN_BYTES);
	add_flow(grid, kind, OUT_BYTES);
	add_operations(grid, kind);
	if (kind->summed == &kinds_disk_sums) {
		add_latency(grid, mean_latency(kind, READ_SECONDS, IN_OPS));
		add_latency(grid, mean_latency(kind, WRITE_SECONDS, OUT_OPS));
		add_latency(grid, mean_latency(kind, FLUSH_SECONDS, FLUSH_OPS));
	} else {
		gboolean timed = kind->with_round_trip > 0;

		grid_take(grid, words_count(kind->sums[RX_DROPS] + kind->sums[TX_DROPS]));
		add_latency(grid, timed ? kind->round_trips / kind->with_round_trip : -1);
		add_latency(grid, timed ? kind->longest_round_trip : -1);
	}
}

void kinds_print(const Paper *paper, const Kinds *kinds)
{
	static const char *const of_disks[] = {
		"KIND",	      "CACHE", "DISKS",	   "RUNS",     "READ/s",    "(PEAK)",	"WRITE/s",
		"(PEAK)", "OPS/s", "(PEAK)", "READ LAT", "WRITE LAT", "FLUSH LAT", NULL,
	};
	static const char *const of_nics[] = {
		"KIND",	"NICS",	     "RUNS",   "RX/s",	"(PEAK)",     "TX/s",	 "(PEAK)",
		"PACKETS/s", "(PEAK)", "DROPS", "ROUND TRIP", "(LONGEST)", NULL,
	};
	g_autoptr(Grid) disks = grid_new("storage", of_disks, 2);
	g_autoptr(Grid) nics = grid_new("network", of_nics, 1);

	for (guint i = 0; i < kinds->disks->len; i++)
		add_row(disks, g_ptr_array_index(kinds->disks, i));
	for (guint i = 0; i < kinds->nics->len; i++)
		add_row(nics, g_ptr_array_index(kinds->nics, i));
	grid_print(paper, disks);
	if (paper->terminal && kinds->disks->len > 0 && kinds->nics->len > 0)
		fputs("\n", paper->out);
	grid_print(paper, nics);
}
