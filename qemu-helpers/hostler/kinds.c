/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adds up runs by the kind of storage and of network. */
#include "kinds.h"

#include <string.h>

#include "csv.h"
#include "grid.h"
#include "qemu-helpers/json/ascii.h"
#include "qemu-helpers/json/read.h"
#include "qemu-helpers/metrics/words.h"

#define MOST_KINDS 500

/* What is added up of a device: the counters' names, of which the first two are
 * bytes there and back, the next two operations. */
typedef struct {
	const char *section;
	const char *names[10];
} Summed;

static const Summed disk_sums = {
	"disks",
	{ "read_bytes", "write_bytes", "read_ops", "write_ops", "flush_ops", "read_seconds", "write_seconds", "flush_seconds" },
};
static const Summed nic_sums = {
	"nics",
	{ "rx_bytes", "tx_bytes", "rx_packets", "tx_packets", "rx_drops", "tx_drops" },
};

enum { IN_BYTES, OUT_BYTES, IN_OPS, OUT_OPS, FLUSH_OPS, READ_SECONDS, WRITE_SECONDS, FLUSH_SECONDS };
enum { RX_DROPS = 4, TX_DROPS = 5 };

typedef struct {
	const Summed *summed;
	char *name;
	char *cache; /* of disks */
	GHashTable *devices; /* set of "uuid target" */
	guint runs;
	double seconds; /* of all runs */
	double sums[10];
	double peaks[4];
	double round_trips; /* sum of means */
	double longest_round_trip;
	guint with_round_trip;
} Kind;

struct _Kinds {
	GPtrArray *disks; /* Kind */
	GPtrArray *nics;
};

static void kind_free(gpointer data)
{
	Kind *kind = data;

	g_hash_table_unref(kind->devices);
	g_free(kind->name);
	g_free(kind->cache);
	g_free(kind);
}

Kinds *kinds_new(void)
{
	Kinds *kinds = g_new(Kinds, 1);

	*kinds = (Kinds){ g_ptr_array_new_with_free_func(kind_free), g_ptr_array_new_with_free_func(kind_free) };
	return kinds;
}

void kinds_free(Kinds *kinds)
{
	g_ptr_array_unref(kinds->disks);
	g_ptr_array_unref(kinds->nics);
	g_free(kinds);
}

/* --- names --- */

char *kinds_name_storage(JsonObject *disk)
{
	const char *kind = json_text(disk, "storage_kind");
	const char *type = json_text(disk, "type");

	if (kind != NULL)
		return g_strdup(kind);
	return type != NULL ? g_strdup_printf("unknown (%s)", type) : g_strdup("unknown");
}

char *kinds_name_network(JsonObject *nic)
{
	const char *kind = json_text(nic, "network_kind");
	const char *type = json_text(nic, "type");

	if (kind == NULL)
		kind = type;
	return g_strdup(kind != NULL ? kind : "unknown");
}

/* --- adding up --- */

static Kind *find_kind(GPtrArray *kinds, const Summed *summed, const char *name, const char *cache)
{
	Kind *kind;

	for (guint i = 0; i < kinds->len; i++) {
		kind = g_ptr_array_index(kinds, i);
		if (g_str_equal(kind->name, name) && g_str_equal(kind->cache, cache))
			return kind;
	}
	if (kinds->len >= MOST_KINDS)
		return g_ptr_array_index(kinds, MOST_KINDS - 1);
	kind = g_new0(Kind, 1);
	kind->summed = summed;
	kind->name = g_strdup(name);
	kind->cache = g_strdup(cache);
	kind->devices = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_ptr_array_add(kinds, kind);
	return kind;
}

static void add_round_trip(Kind *kind, JsonObject *device)
{
	JsonObject *round_trip = json_part(device, "rtt_seconds");
	double mean = json_number(round_trip, "mean", -1);

	if (mean < 0)
		return;
	kind->round_trips += mean;
	kind->with_round_trip++;
	kind->longest_round_trip = MAX(kind->longest_round_trip, json_number(round_trip, "max", mean));
}

static void add_device(Kind *kind, JsonObject *figures, JsonObject *device)
{
	JsonObject *peaks = json_part(device, "peak_per_second");
	const char *target = json_text(device, "mac") != NULL ? json_text(device, "mac") : json_text(device, "target");

	g_hash_table_add(kind->devices, g_strdup_printf("%s %s", json_text(figures, "uuid"), target));
	kind->runs++;
	kind->seconds += MAX(json_number(figures, "seconds", 0), 0);
	for (guint i = 0; i < G_N_ELEMENTS(kind->sums) && kind->summed->names[i] != NULL; i++)
		kind->sums[i] += MAX(json_number(device, kind->summed->names[i], 0), 0);
	for (guint i = 0; i < G_N_ELEMENTS(kind->peaks); i++)
		kind->peaks[i] = MAX(kind->peaks[i], json_number(peaks, kind->summed->names[i], 0));
	add_round_trip(kind, device);
}

void kinds_add(Kinds *kinds, const Run *run, JsonObject *figures)
{
	g_autoptr(GPtrArray) disks = json_items(figures, "disks");
	g_autoptr(GPtrArray) nics = json_items(figures, "nics");

	for (guint i = 0; i < disks->len; i++) {
		JsonObject *device = g_ptr_array_index(disks, i);
		JsonObject *labels = run_device(run, "disks", device);
		g_autofree char *name = kinds_name_storage(labels);
		const char *cache = json_text(labels, "cache");

		add_device(find_kind(kinds->disks, &disk_sums, name, cache != NULL ? cache : "default"), figures, device);
	}
	for (guint i = 0; i < nics->len; i++) {
		JsonObject *device = g_ptr_array_index(nics, i);
		g_autofree char *name = kinds_name_network(run_device(run, "nics", device));

		add_device(find_kind(kinds->nics, &nic_sums, name, ""), figures, device);
	}
}

static int compare_kinds(gconstpointer a, gconstpointer b)
{
	const Kind *one = *(const Kind *const *)a;
	const Kind *other = *(const Kind *const *)b;
	int order = strcmp(one->name, other->name);

	return order != 0 ? order : strcmp(one->cache, other->cache);
}

void kinds_sort(Kinds *kinds)
{
	g_ptr_array_sort(kinds->disks, compare_kinds);
	g_ptr_array_sort(kinds->nics, compare_kinds);
}

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
	if (kind->summed == &disk_sums)
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

		row.kind = disk ? g_ptr_array_index(kinds->disks, i) : g_ptr_array_index(kinds->nics, i - kinds->disks->len);
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
	if (kind->summed == &disk_sums)
		grid_add(grid, kind->cache);
	grid_take(grid, g_strdup_printf("%u", g_hash_table_size(kind->devices)));
	grid_take(grid, g_strdup_printf("%u", kind->runs));
	add_flow(grid, kind, IN_BYTES);
	add_flow(grid, kind, OUT_BYTES);
	add_operations(grid, kind);
	if (kind->summed == &disk_sums) {
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
