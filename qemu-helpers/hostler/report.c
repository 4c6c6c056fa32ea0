/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler report: what the logs of the VMs tell, and nothing but the logs. */
#include "report.h"

#include "chart.h"
#include "command.h"
#include "csv.h"
#include "hostler/error.h"
#include "hostler/text.h"
#include "kinds.h"
#include "qemu-helpers/json/ascii.h"
#include "qemu-helpers/json/read.h"
#include "run-log.h"
#include "run-show.h"

static void add_runs(Kinds *kinds, const RunLog *log)
{
	for (guint i = 0; i < log->runs->len; i++) {
		const Run *run = g_ptr_array_index(log->runs, i);
		g_autoptr(JsonNode) figures = run_figures(run);

		kinds_add(kinds, run, json_node_get_object(figures));
	}
}

/* One log at a time is in memory; what cannot be read of the others hides none. */
static Kinds *add_up(const char *folder, GError **error)
{
	g_autoptr(GPtrArray) files = run_logs_list(folder, error);
	Kinds *kinds;

	if (files == NULL)
		return NULL;
	kinds = kinds_new();
	for (guint i = 0; i < files->len; i++) {
		g_autoptr(RunLog) log = run_log_read(folder, g_ptr_array_index(files, i), NULL);

		if (log != NULL)
			add_runs(kinds, log);
	}
	kinds_sort(kinds);
	return kinds;
}

/* --- CSV of a VM: every counter of every sample, and how long requests took in each run --- */

typedef struct {
	const Paper *paper;
	const char *run;
} CsvTo;

static void print_meter(const CsvTo *to, const Meter *meter, JsonObject *line)
{
	for (guint i = 0; i < METER_COUNTERS; i++) {
		const char *name = meter->kind->counters[i].name;
		const char *const texts[] = {
			json_text(line, "time") != NULL ? json_text(line, "time") : "",
			json_text(line, "vm") != NULL ? json_text(line, "vm") : "",
			to->run,
			meter->kind == &meter_disk ? "disk" : "nic",
			meter->target,
			name,
			NULL,
		};

		if (meter_knows(meter, i))
			csv_print(to->paper, texts, meter_value(meter->kind, i, (double)meter->counts[i]));
	}
}

static void print_sample(const Sample *sample, JsonObject *line, gpointer data)
{
	for (guint i = 0; i < sample->meters->len; i++)
		print_meter(data, g_ptr_array_index(sample->meters, i), line);
}

static void print_latency(const CsvTo *to, JsonObject *figures, JsonObject *disk, const char *way, const char *what,
			  double seconds)
{
	g_autofree char *metric = g_strdup_printf("%s_latency_%s_seconds", way, what);
	const char *time = json_text(figures, "time");
	const char *vm = json_text(figures, "vm");
	const char *target = json_text(disk, "target");
	const char *const texts[] = {
		time != NULL ? time : "", vm != NULL ? vm : "", to->run, "disk", target != NULL ? target : "", metric,
		NULL,
	};

	if (seconds >= 0)
		csv_print(to->paper, texts, seconds);
}

static void print_way(const CsvTo *to, JsonObject *figures, JsonObject *disk, const char *way)
{
	static const char *const percentiles[] = { "p50", "p95", "p99", "over" };
	JsonObject *spread = json_part(json_part(disk, "percentile_latency_seconds"), way);

	print_latency(to, figures, disk, way, "mean", json_number(json_part(disk, "mean_latency_seconds"), way, -1));
	for (gsize i = 0; i < G_N_ELEMENTS(percentiles); i++)
		print_latency(to, figures, disk, way, percentiles[i], json_number(spread, percentiles[i], -1));
}

static void print_latencies(const CsvTo *to, JsonObject *figures)
{
	g_autoptr(GPtrArray) disks = json_items(figures, "disks");

	for (guint i = 0; i < disks->len; i++) {
		for (guint j = 0; j < METER_COUNTERS; j++) {
			if (meter_disk.counters[j].latency != NULL)
				print_way(to, figures, g_ptr_array_index(disks, i), meter_disk.counters[j].latency);
		}
	}
}

static void print_samples(const Paper *paper, const RunLog *log)
{
	fputs("time,vm,run,kind,device,metric,value\n", paper->out);
	for (guint i = 0; i < log->runs->len; i++) {
		const Run *run = g_ptr_array_index(log->runs, i);
		CsvTo to = { paper, run->id };
		g_autoptr(JsonNode) figures = run_figures(run);

		run_each_sample(run, print_sample, &to);
		print_latencies(&to, json_node_get_object(figures));
	}
}

/* --- one VM --- */

static void print_all_json(const Paper *paper, const RunLog *log, const Kinds *kinds)
{
	g_autoptr(JsonBuilder) builder = json_builder_new_immutable();

	json_builder_begin_object(builder);
	if (log != NULL) {
		json_begin_array(builder, "runs");
		for (guint i = 0; i < log->runs->len; i++)
			json_builder_add_value(builder, run_figures(g_ptr_array_index(log->runs, i)));
		json_builder_end_array(builder);
	}
	kinds_to_json(kinds, builder);
	json_builder_end_object(builder);
	paper_print_json(paper, builder);
}

static void print_last_run(const Paper *paper, const RunLog *log)
{
	const Run *run = g_ptr_array_index(log->runs, log->runs->len - 1);
	g_autoptr(JsonNode) figures = run_figures(run);

	run_print(paper, run, json_node_get_object(figures));
	chart_print(paper, run);
	fputs(paper->terminal ? "\n" : "", paper->out);
}

/* Programs get an empty table, people a word. */
static gboolean has_logs(const char *folder, GError **error)
{
	g_autoptr(GPtrArray) files = run_logs_list(folder, error);
	g_autofree char *shown = hostler_text_shown(folder);

	if (files != NULL && files->len == 0)
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT,
			    "there is no log in %s: no VM has been measured here yet", shown);
	return files != NULL && files->len > 0;
}

gboolean report_print(const Paper *paper, const char *folder, const char *vm, ReportForm form, GError **error)
{
	g_autofree char *file = vm != NULL ? run_logs_find(folder, vm, error) : NULL;
	g_autoptr(RunLog) log = file != NULL ? run_log_read(folder, file, error) : NULL;
	g_autoptr(Kinds) kinds = NULL;

	if (vm != NULL && log == NULL)
		return FALSE;
	if (vm == NULL && form == REPORT_WORDS && !has_logs(folder, error))
		return FALSE;
	if (form == REPORT_CSV && log != NULL) {
		print_samples(paper, log);
		return TRUE;
	}
	kinds = add_up(folder, error);
	if (kinds == NULL)
		return FALSE;
	if (form == REPORT_CSV) {
		kinds_print_csv(paper, kinds);
	} else if (form == REPORT_JSON) {
		print_all_json(paper, log, kinds);
	} else {
		if (log != NULL)
			print_last_run(paper, log);
		kinds_print(paper, kinds);
	}
	return TRUE;
}

int command_report(HostlerHost *host, const Request *request, GError **error)
{
	Paper paper = paper_open();
	ReportForm form = request->csv ? REPORT_CSV : request->json ? REPORT_JSON : REPORT_WORDS;
	const char *folder = request->logs != NULL ? request->logs : host->log_dir;

	return report_print(&paper, folder, request->vm, form, error) ? EXIT_FINE : EXIT_COULD_NOT;
}
