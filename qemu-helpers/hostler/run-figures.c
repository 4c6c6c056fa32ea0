/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run comes to: its report, or the sum of its samples. */
#include <string.h>

#include "qemu-helpers/json/ascii.h"
#include "qemu-helpers/json/read.h"
#include "qemu-helpers/metrics/line.h"
#include "qemu-helpers/metrics/tally.h"
#include "run-log.h"

/* No VM has so many; a line that tells of more is not ours. */
#define MOST_DEVICES 512
#define LATEST 1e10 /* seconds since the boot: a few centuries */
#define TICKS_PER_SECOND 100 /* of start times in /proc, on every machine */

void run_each_sample(const Run *run, void (*each)(const Sample *sample, JsonObject *line, gpointer data),
		     gpointer data)
{
	double last = -1;

	for (guint i = 0; i < run->samples->len; i++) {
		const RunLine *line = &g_array_index(run->samples, RunLine, i);
		g_autoptr(JsonNode) node = line_parse(line->text, line->length);
		g_autoptr(Sample) sample = node != NULL ? sample_from_json(json_node_get_object(node)) : NULL;

		/* A file that was put aside ends with the sample that the next one begins with. */
		if (sample == NULL || sample->at <= last || sample->at >= LATEST ||
		    sample->meters->len > MOST_DEVICES)
			continue;
		last = sample->at;
		each(sample, json_node_get_object(node), data);
	}
}

/* --- the sum of samples --- */

typedef struct {
	GPtrArray *tallies; /* Tally */
	char *time;         /* of the last sample */
	double first;
	double last;
	double complete; /* the last one with its disks; 0: none */
	guint n;
	double cpu_seconds;
} Sum;

static void add_meter(Sum *sum, const Meter *meter, double at, gint64 when)
{
	Tally *tally = tally_find(sum->tallies, meter);

	if (tally != NULL)
		tally_add(tally, meter_copy(meter), at, when);
	else if (sum->tallies->len < MOST_DEVICES)
		g_ptr_array_add(sum->tallies, tally_new(meter_copy(meter), at));
}

static void add_sample(const Sample *sample, JsonObject *line, gpointer data)
{
	Sum *sum = data;
	const char *time = json_text(line, "time");

	if (sum->n == 0)
		sum->first = sample->at;
	sum->last = sample->at;
	if (!sample_lacks_disks(sample))
		sum->complete = sample->at;
	sum->n++;
	sum->cpu_seconds = json_number(line, "cpu_seconds", sum->cpu_seconds);
	g_free(sum->time);
	sum->time = g_strdup(time);
	for (guint i = 0; i < sample->meters->len; i++)
		add_meter(sum, g_ptr_array_index(sample->meters, i), sample->at, line_read_time(time));
}

/* A run is named after the moment at which its QEMU started: "4512c133-77-1000". */
static double read_beginning(const Run *run, const Sum *sum)
{
	const char *last = strrchr(run->id, '-');
	guint64 ticks = last != NULL ? g_ascii_strtoull(last + 1, NULL, 10) : 0;
	double began = (double)ticks / TICKS_PER_SECOND;

	return ticks > 0 && began <= sum->first ? began : sum->first;
}

static void copy_labels(JsonObject *from, JsonBuilder *builder)
{
	g_autoptr(GList) names = json_object_get_members(from);

	for (GList *name = names; name != NULL; name = name->next) {
		if (json_text(from, name->data) != NULL)
			json_add_text(builder, name->data, json_text(from, name->data));
	}
}

static JsonObject *find_labels(const Run *run, const char *section, const char *key, const char *value)
{
	g_autoptr(GPtrArray) devices = NULL;

	if (run->start == NULL || value == NULL)
		return NULL;
	devices = json_items(json_node_get_object(run->start), section);
	for (guint i = 0; i < devices->len; i++) {
		if (g_strcmp0(json_text(g_ptr_array_index(devices, i), key), value) == 0)
			return g_ptr_array_index(devices, i);
	}
	return NULL;
}

static void add_devices(const Run *run, const Sum *sum, const MeterKind *kind, JsonBuilder *builder)
{
	double began = read_beginning(run, sum);

	json_begin_array(builder, kind->section);
	for (guint i = 0; i < sum->tallies->len; i++) {
		const Tally *tally = g_ptr_array_index(sum->tallies, i);
		JsonObject *labels = find_labels(run, kind->section, "target", tally->last->target);

		if (tally->last->kind != kind)
			continue;
		json_builder_begin_object(builder);
		if (labels != NULL)
			copy_labels(labels, builder);
		else
			json_add_text(builder, "target", tally->last->target);
		tally_to_json(tally, began, builder);
		json_builder_end_object(builder);
	}
	json_builder_end_array(builder);
}

static double find_stalled_seconds(const Run *run, const Sum *sum)
{
	double since = MAX(sum->complete, read_beginning(run, sum));

	return run->stalled_seconds + (run->stalls_still ? MAX(sum->last - since, 0) : 0);
}

static void add_head(const Run *run, const Sum *sum, JsonBuilder *builder)
{
	JsonObject *start = run->start != NULL ? json_node_get_object(run->start) : NULL;

	json_add_text(builder, "time", sum->time);
	json_add_text(builder, "vm", json_text(start, "vm"));
	json_add_text(builder, "uuid", json_text(start, "uuid"));
	json_add_text(builder, "run", run->id);
	json_add_number(builder, "seconds", MAX(sum->last - read_beginning(run, sum), 0));
	json_add_count(builder, "samples", sum->n);
	json_add_count(builder, "stalls", run->stalls);
	json_add_number(builder, "stalled_seconds", find_stalled_seconds(run, sum));
	json_add_count(builder, "gaps", run->gaps);
	json_add_number(builder, "gap_seconds", run->gap_seconds);
	json_add_number(builder, "cpu_seconds", sum->cpu_seconds);
}

/* As a report lists them. */
static void add_unmeasured(const Run *run, const char *name, const char *section, JsonBuilder *builder)
{
	JsonObject *start = run->start != NULL ? json_node_get_object(run->start) : NULL;
	g_autoptr(GPtrArray) devices = json_items(start, section);

	json_begin_array(builder, name);
	for (guint i = 0; i < devices->len; i++) {
		JsonObject *device = g_ptr_array_index(devices, i);

		if (json_text(device, "unmeasured") == NULL)
			continue;
		json_builder_begin_object(builder);
		copy_labels(device, builder);
		json_builder_end_object(builder);
	}
	json_builder_end_array(builder);
}

JsonNode *run_figures(const Run *run)
{
	g_autoptr(JsonBuilder) builder = NULL;
	Sum sum = { 0 };

	if (run->report != NULL)
		return json_node_ref(run->report);
	builder = json_builder_new_immutable();
	sum.tallies = g_ptr_array_new_with_free_func((GDestroyNotify)tally_free);
	run_each_sample(run, add_sample, &sum);
	json_builder_begin_object(builder);
	add_head(run, &sum, builder);
	add_devices(run, &sum, &meter_disk, builder);
	add_devices(run, &sum, &meter_nic, builder);
	add_unmeasured(run, "unmeasured_disks", "disks", builder);
	add_unmeasured(run, "unmeasured_nics", "nics", builder);
	add_unmeasured(run, "unmeasured_devices", "devices", builder);
	json_builder_end_object(builder);
	g_ptr_array_unref(sum.tallies);
	g_free(sum.time);
	return json_builder_get_root(builder);
}

JsonObject *run_device(const Run *run, const char *section, JsonObject *device)
{
	JsonObject *labels = find_labels(run, section, "mac", json_text(device, "mac"));

	if (labels == NULL)
		labels = find_labels(run, section, "target", json_text(device, "target"));
	return labels != NULL ? labels : device;
}
