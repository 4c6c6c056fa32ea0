/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in the lines of the log. Names are a promise (README.md). */
#include "entries.h"

#include "cached.h"
#include "hostler-build.h"
#include "line.h"
#include "past.h"
#include "plugins/metrics/inventory.h"
#include "qemu-helpers/json/ascii.h"

static JsonBuilder *begin_entry(const Book *book, const char *event)
{
	JsonBuilder *builder = line_begin(event);

	json_add_text(builder, "vm", book->stay->name);
	json_add_text(builder, "uuid", book->stay->uuid);
	json_add_text(builder, "run", book->run);
	return builder;
}

/* --- what the stay says of a device --- */

static void add_key(const Book *book, const char *group, const char *key, JsonBuilder *builder)
{
	g_autofree char *value = g_key_file_get_string(book->stay->body, group, key, NULL);

	json_add_text(builder, key, value);
}

static void add_group(const Book *book, const char *group, JsonBuilder *builder)
{
	g_auto(GStrv) keys = g_key_file_get_keys(book->stay->body, group, NULL, NULL);

	json_builder_begin_object(builder);
	for (gsize i = 0; keys != NULL && keys[i] != NULL; i++)
		add_key(book, group, keys[i], builder);
	json_builder_end_object(builder);
}

/* All groups of a kind, or only those that have the key `having`. */
static void add_groups(const Book *book, const char *name, const char *prefix, const char *having,
		       JsonBuilder *builder)
{
	g_auto(GStrv) groups = g_key_file_get_groups(book->stay->body, NULL);

	json_begin_array(builder, name);
	for (gsize i = 0; groups[i] != NULL; i++) {
		if (g_str_has_prefix(groups[i], prefix) &&
		    (having == NULL || g_key_file_has_key(book->stay->body, groups[i], having, NULL)))
			add_group(book, groups[i], builder);
	}
	json_builder_end_array(builder);
}

/* By its target; a device that was plugged in later has no group. */
static char *find_group(const Book *book, const Meter *meter)
{
	g_auto(GStrv) groups = g_key_file_get_groups(book->stay->body, NULL);

	for (gsize i = 0; groups[i] != NULL; i++) {
		g_autofree char *target = NULL;

		if (!g_str_has_prefix(groups[i], meter->kind->stay))
			continue;
		target = g_key_file_get_string(book->stay->body, groups[i], "target", NULL);
		if (g_strcmp0(target, meter->target) == 0)
			return g_strdup(groups[i]);
	}
	return NULL;
}

/* Enough to know without the `start` line which device is meant. */
static void begin_device(const Book *book, const Meter *meter, JsonBuilder *builder)
{
	static const char *const keys[] = { "mac", "type", "network", "bridge", "source" };
	g_autofree char *group = find_group(book, meter);

	json_builder_begin_object(builder);
	json_add_text(builder, "target", meter->target);
	for (gsize i = 0; group != NULL && i < G_N_ELEMENTS(keys); i++)
		add_key(book, group, keys[i], builder);
}

/* --- start, sample, stall, resume, gap --- */

char *entry_start(const Book *book)
{
	g_autoptr(JsonBuilder) builder = begin_entry(book, "start");

	json_add_text(builder, "hostler", HOSTLER_VERSION);
	json_add_text(builder, "host", g_get_host_name());
	json_add_count(builder, "interval_seconds", book->interval);
	add_groups(book, "disks", METRICS_DISKS, NULL, builder);
	add_groups(book, "nics", METRICS_NICS, NULL, builder);
	add_groups(book, "devices", METRICS_DEVICES, NULL, builder);
	return line_end(builder);
}

static void add_meters(const Book *book, const Sample *sample, const MeterKind *kind, JsonBuilder *builder)
{
	json_begin_array(builder, kind->section);
	for (guint i = 0; i < sample->meters->len; i++) {
		const Meter *meter = g_ptr_array_index(sample->meters, i);
		const Tally *tally = book_find_tally(book, meter);

		if (meter->kind != kind)
			continue;
		begin_device(book, meter, builder);
		meter_to_json(meter, builder);
		if (tally != NULL && tally_is_reset_by(tally, meter))
			json_add_truth(builder, "reset", TRUE);
		if (meter->gone)
			json_add_truth(builder, "gone", TRUE);
		json_builder_end_object(builder);
	}
	json_builder_end_array(builder);
}

char *entry_sample(const Book *book, const Sample *sample)
{
	g_autoptr(JsonBuilder) builder = begin_entry(book, "sample");

	json_add_count(builder, "number", book->samples + 1);
	sample_to_json(sample, builder);
	add_meters(book, sample, &meter_disk, builder);
	add_meters(book, sample, &meter_nic, builder);
	return line_end(builder);
}

char *entry_absence(const Book *book, const char *event, double seconds, const char *reason, const char *missing)
{
	g_autoptr(JsonBuilder) builder = begin_entry(book, event);

	json_add_number(builder, "seconds", seconds);
	json_add_text(builder, "missing", missing);
	json_add_text(builder, "reason", reason);
	return line_end(builder);
}

/* --- report --- */

static void add_device_group(const Book *book, const Meter *meter, JsonBuilder *builder)
{
	g_autofree char *group = find_group(book, meter);
	g_auto(GStrv) keys = group != NULL ? g_key_file_get_keys(book->stay->body, group, NULL, NULL) : NULL;

	json_builder_begin_object(builder);
	if (group == NULL)
		json_add_text(builder, "target", meter->target);
	for (gsize i = 0; keys != NULL && keys[i] != NULL; i++)
		add_key(book, group, keys[i], builder);
}

static void add_tallies(const Book *book, const MeterKind *kind, JsonBuilder *builder)
{
	json_begin_array(builder, kind->section);
	for (guint i = 0; i < book->tallies->len; i++) {
		const Tally *tally = g_ptr_array_index(book->tallies, i);

		if (tally->last->kind != kind)
			continue;
		add_device_group(book, tally->last, builder);
		tally_to_json(tally, book->began, builder);
		json_builder_end_object(builder);
	}
	json_builder_end_array(builder);
}

/* How much of the run nobody saw. */
static void add_quality(const Book *book, double at, JsonBuilder *builder)
{
	double stalled = book->stalled_at > 0 ? MAX(at - book->stalled_at, 0) : 0;

	json_add_count(builder, "samples", book->samples);
	json_add_count(builder, "stalls", book->stalls);
	json_add_number(builder, "stalled_seconds", book->stalled_seconds + stalled);
	json_add_count(builder, "gaps", book->gaps);
	json_add_number(builder, "gap_seconds", book->gap_seconds);
	json_add_number(builder, "unseen_seconds", MAX(at - MAX(book->seen_at, book->began), 0));
}

/* libvirt before 10.5 says "-". */
static const char *known_reason(const char *reason)
{
	return reason == NULL || *reason == '\0' || g_str_equal(reason, "-") ? "unknown" : reason;
}

char *entry_report(const Book *book, double at, const char *reason)
{
	g_autoptr(JsonBuilder) builder = begin_entry(book, "report");
	double cached_share = book_cached_share(book);

	json_add_text(builder, "reason", known_reason(reason));
	json_add_number(builder, "seconds", MAX(at - book->began, 0));
	add_quality(book, at, builder);
	json_add_number(builder, "cpu_seconds", book->cpu_seconds);
	if (cached_share >= 0)
		json_add_number(builder, "cached_share", cached_share);
	add_tallies(book, &meter_disk, builder);
	add_tallies(book, &meter_nic, builder);
	add_groups(book, "unmeasured_disks", METRICS_DISKS, METRICS_UNMEASURED, builder);
	add_groups(book, "unmeasured_nics", METRICS_NICS, METRICS_UNMEASURED, builder);
	add_groups(book, "unmeasured_devices", METRICS_DEVICES, METRICS_UNMEASURED, builder);
	past_to_json(book->earlier, builder);
	return line_end(builder);
}
