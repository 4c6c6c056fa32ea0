/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run for a person who asks what happened in it. */
#include "run-show.h"

#include "grid.h"
#include "kinds.h"
#include "qemu-helpers/json/read.h"
#include "qemu-helpers/metrics/line.h"
#include "qemu-helpers/metrics/words.h"

/* What is told of a way to or from a device. */
typedef struct {
	const char *bytes;
	const char *operations;
	const char *latency; /* NULL: there is none */
} Way;

/* "2026-11-23 05:06 UTC" */
static char *say_time(JsonObject *object, const char *name)
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

/* --- devices --- */

static void add_rate(Grid *grid, JsonObject *rates, const char *counter, char *(*words)(double))
{
	double rate = json_number(rates, counter, -1);

	grid_take(grid, rate >= 0 ? words(rate) : NULL);
}

static void add_way(Grid *grid, JsonObject *device, const Way *way)
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
static void add_rows(Grid *grid, JsonObject *figures, const char *section, JsonObject *device, const char *name,
		     const Way *way)
{
	g_autoptr(GPtrArray) previous = json_items(figures, "previous");

	add_name(grid, device, name, NULL);
	add_way(grid, device, way);
	for (guint i = previous->len; i > 0; i--) {
		JsonObject *report = g_ptr_array_index(previous, i - 1);
		JsonObject *same = find_same(report, section, device);
		g_autofree char *when = say_time(report, "time");

		if (same == NULL)
			continue;
		add_name(grid, device, name, when != NULL ? when : "before");
		add_way(grid, same, way);
	}
}

static void print_devices(const Paper *paper, JsonObject *figures, const char *section)
{
	static const char *const headings[] = {
		"DEVICE", "WAY", "BYTES", "MEAN/s", "PEAK/s", "AT", "PEAK OPS/s", "LATENCY", NULL,
	};
	static const Way reading = { "read_bytes", "read_ops", "read" };
	static const Way writing = { "write_bytes", "write_ops", "write" };
	static const Way receiving = { "rx_bytes", "rx_packets", NULL }, sending = { "tx_bytes", "tx_packets", NULL };
	gboolean disks = g_str_equal(section, "disks");
	g_autoptr(GPtrArray) devices = json_items(figures, section);
	g_autoptr(Grid) grid = grid_new(section, headings, 2);

	for (guint i = 0; i < devices->len; i++) {
		JsonObject *device = g_ptr_array_index(devices, i);

		add_rows(grid, figures, section, device, disks ? "read" : "rx", disks ? &reading : &receiving);
		add_rows(grid, figures, section, device, disks ? "write" : "tx", disks ? &writing : &sending);
	}
	grid_print(paper, grid);
}

/* --- what they are --- */

static void print_fact(const Paper *paper, const char *key, const char *text)
{
	g_autofree char *shown = paper_text(text);

	if (paper->terminal)
		fprintf(paper->out, "  %-10s  %s\n", key, shown);
	else
		fprintf(paper->out, "run\t%s\t%s\n", key, shown);
}

static char *describe_disk(JsonObject *labels)
{
	const char *stack = json_text(labels, "storage");
	const char *cache = json_text(labels, "cache");
	const char *source = json_text(labels, "source");
	g_autofree char *kind = kinds_name_storage(labels);

	return g_strdup_printf("%s, cache %s%s%s", stack != NULL ? stack : kind, cache != NULL ? cache : "default",
			       source != NULL ? ", " : "", source != NULL ? source : "");
}

static char *describe_nic(JsonObject *labels)
{
	g_autofree char *kind = kinds_name_network(labels);
	const char *on = json_text(labels, "network");
	const char *model = json_text(labels, "model");

	if (on == NULL)
		on = json_text(labels, "bridge");
	if (on == NULL)
		on = json_text(labels, "source");
	return g_strdup_printf("%s%s%s%s%s", kind, on != NULL ? " on " : "", on != NULL ? on : "",
			       model != NULL ? ", " : "", model != NULL ? model : "");
}

static void print_labels(const Paper *paper, const Run *run, JsonObject *figures, const char *section)
{
	g_autoptr(GPtrArray) devices = json_items(figures, section);

	for (guint i = 0; i < devices->len; i++) {
		JsonObject *device = g_ptr_array_index(devices, i);
		JsonObject *labels = run_device(run, section, device);
		g_autofree char *text = g_str_equal(section, "disks") ? describe_disk(labels) : describe_nic(labels);
		g_autofree char *name = paper_text(json_text(device, "target"));

		print_fact(paper, name, text);
	}
}

static void print_unmeasured(const Paper *paper, JsonObject *figures)
{
	static const char *const sections[] = { "unmeasured_disks", "unmeasured_nics", "unmeasured_devices" };

	for (gsize i = 0; i < G_N_ELEMENTS(sections); i++) {
		g_autoptr(GPtrArray) devices = json_items(figures, sections[i]);

		for (guint j = 0; j < devices->len; j++) {
			JsonObject *device = g_ptr_array_index(devices, j);
			const char *name = json_text(device, "bdf");
			const char *why = json_text(device, "unmeasured");
			g_autofree char *text = NULL;

			if (name == NULL)
				name = json_text(device, "mac");
			if (name == NULL)
				name = json_text(device, "target");
			text = g_strdup_printf("%s: %s", name != NULL ? name : "?",
					       why != NULL ? why : "nobody knows why");
			print_fact(paper, "unmeasured", text);
		}
	}
}

/* --- the run --- */

static void print_share(const Paper *paper, JsonObject *figures)
{
	double share = json_number(figures, "cached_share", -1);
	g_autofree char *text =
		g_strdup_printf("%.0f %% of what the guest read was answered by the host's memory", share * 100);

	if (share >= 0)
		print_fact(paper, "cache", text);
}

static void print_quality(const Paper *paper, JsonObject *figures)
{
	g_autofree char *text =
		g_strdup_printf("%.0f samples, %.0f gaps (%.0f s), %.0f stalls (%.0f s), last %.0f s not seen",
				json_number(figures, "samples", 0), json_number(figures, "gaps", 0),
				json_number(figures, "gap_seconds", 0), json_number(figures, "stalls", 0),
				json_number(figures, "stalled_seconds", 0),
				json_number(figures, "unseen_seconds", 0));

	print_fact(paper, "seen", text);
}

static void print_length(const Paper *paper, const Run *run, JsonObject *figures)
{
	g_autofree char *duration = words_duration(json_number(figures, "seconds", 0));
	g_autofree char *until = say_time(figures, "time");
	const char *reason = json_text(figures, "reason");
	g_autofree char *text = NULL;

	if (run->report != NULL)
		text = g_strdup_printf("ran for %s until %s, ended: %s", duration, until != NULL ? until : "?",
				       reason != NULL ? reason : "unknown");
	else
		text = g_strdup_printf("has run for %s at %s, and no end is in the log", duration,
				       until != NULL ? until : "?");
	print_fact(paper, "length", text);
}

void run_print(const Paper *paper, const Run *run, JsonObject *figures)
{
	g_autofree char *name = paper_text(json_text(figures, "vm"));
	const char *uuid = json_text(figures, "uuid");
	g_autofree char *id = g_strdup_printf("%s, UUID %s", run->id, uuid != NULL ? uuid : "unknown");

	if (paper->terminal) {
		paper_print(paper, INK_BOLD, 0, name);
		fputs("\n", paper->out);
	} else {
		print_fact(paper, "vm", name);
	}
	print_fact(paper, "run", id);
	print_length(paper, run, figures);
	print_quality(paper, figures);
	print_labels(paper, run, figures, "disks");
	print_labels(paper, run, figures, "nics");
	print_unmeasured(paper, figures);
	print_share(paper, figures);
	print_devices(paper, figures, "disks");
	print_devices(paper, figures, "nics");
}
