/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Totals, means and peaks of one disk or NIC. */
#include "tally.h"

#include "line.h"
#include "qemu-helpers/json/ascii.h"

Tally *tally_new(Meter *first, double at)
{
	Tally *tally = g_new0(Tally, 1);

	tally->last = first;
	tally->last_at = at;
	tally->rtt = first->rtt;
	return tally;
}

void tally_free(Tally *tally)
{
	for (guint i = 0; i < METER_COUNTERS; i++)
		g_free(tally->base_histograms[i]);
	meter_free(tally->last);
	g_free(tally);
}

Tally *tally_find(const GPtrArray *tallies, const Meter *meter)
{
	for (guint i = 0; i < tallies->len; i++) {
		Tally *tally = g_ptr_array_index(tallies, i);

		if (tally->last->kind == meter->kind && g_str_equal(tally->last->target, meter->target))
			return tally;
	}
	return NULL;
}

gboolean tally_is_reset_by(const Tally *tally, const Meter *next)
{
	for (guint i = 0; i < METER_COUNTERS; i++) {
		if (meter_knows(tally->last, i) && meter_knows(next, i) && next->counts[i] < tally->last->counts[i])
			return TRUE;
	}
	return FALSE;
}

static void raise_peak(Tally *tally, guint counter, double rate, gint64 when)
{
	if (rate <= tally->peak[counter])
		return;
	tally->peak[counter] = rate;
	tally->peak_time[counter] = when;
}

/* libvirt may leave out a figure for once; what was counted stays counted. */
static void keep_what_is_missing(const Meter *before, Meter *now)
{
	for (guint i = 0; i < METER_COUNTERS; i++) {
		if (meter_knows(before, i) && !meter_knows(now, i)) {
			now->counts[i] = before->counts[i];
			now->known |= 1u << i;
		}
	}
}

void tally_add(Tally *tally, Meter *next, double at, gint64 when)
{
	gboolean reset = tally_is_reset_by(tally, next);
	double span = at - tally->last_at;

	if (!reset)
		keep_what_is_missing(tally->last, next);
	for (guint i = 0; i < METER_COUNTERS; i++) {
		guint64 before = reset ? 0 : tally->last->counts[i];

		if (reset)
			tally->base[i] += tally->last->counts[i];
		if (span >= TALLY_SHORTEST_SPAN && meter_knows(tally->last, i))
			raise_peak(tally, i, (double)(next->counts[i] - before) / span, when);
	}
	tally_add_histograms(tally, next, reset);
	rtt_add(&tally->rtt, &next->rtt);
	meter_free(tally->last);
	tally->last = next;
	tally->last_at = at;
}

void tally_learn(Tally *tally, const Tally *other)
{
	for (guint i = 0; i < METER_COUNTERS; i++) {
		raise_peak(tally, i, other->peak[i], other->peak_time[i]);
		tally->base[i] = MAX(tally->base[i], other->base[i]);
	}
	tally_learn_histograms(tally, other);
	if (other->rtt.sent > tally->rtt.sent)
		tally->rtt = other->rtt;
}

guint64 tally_total(const Tally *tally, guint counter)
{
	return tally->base[counter] + tally->last->counts[counter];
}

double tally_mean(const Tally *tally, guint counter, double began)
{
	double span = tally->last_at - began;

	return span > 0 ? (double)tally_total(tally, counter) / span : 0;
}

static void add_totals(const Tally *tally, JsonBuilder *builder)
{
	for (guint i = 0; i < METER_COUNTERS; i++) {
		const MeterCounter *counter = &tally->last->kind->counters[i];
		guint64 total = tally_total(tally, i);

		if (!meter_knows(tally->last, i))
			continue;
		if (counter->latency != NULL)
			json_add_number(builder, counter->name, meter_value(tally->last->kind, i, (double)total));
		else
			json_add_count(builder, counter->name, total);
	}
}

/* Seconds per second are no rate that anybody asks for. */
static gboolean has_rate(const Tally *tally, guint counter)
{
	return meter_knows(tally->last, counter) && tally->last->kind->counters[counter].latency == NULL;
}

static void add_rates(const Tally *tally, double began, JsonBuilder *builder)
{
	json_begin_object(builder, "mean_per_second");
	for (guint i = 0; i < METER_COUNTERS; i++) {
		if (has_rate(tally, i))
			json_add_number(builder, tally->last->kind->counters[i].name, tally_mean(tally, i, began));
	}
	json_builder_end_object(builder);
	json_begin_object(builder, "peak_per_second");
	for (guint i = 0; i < METER_COUNTERS; i++) {
		if (has_rate(tally, i))
			json_add_number(builder, tally->last->kind->counters[i].name, tally->peak[i]);
	}
	json_builder_end_object(builder);
}

static void add_peak_times(const Tally *tally, JsonBuilder *builder)
{
	json_begin_object(builder, "peak_time");
	for (guint i = 0; i < METER_COUNTERS; i++) {
		g_autofree char *time = line_time(tally->peak_time[i]);

		if (has_rate(tally, i) && tally->peak_time[i] > 0)
			json_add_text(builder, tally->last->kind->counters[i].name, time);
	}
	json_builder_end_object(builder);
}

/* QEMU adds up the time of all requests, so time over requests is what one took. */
static void add_latencies(const Tally *tally, JsonBuilder *builder)
{
	const MeterKind *kind = tally->last->kind;

	if (kind != &meter_disk)
		return;
	json_begin_object(builder, "mean_latency_seconds");
	for (guint i = 1; i < METER_COUNTERS; i++) {
		guint64 requests = tally_total(tally, i - 1);

		if (kind->counters[i].latency != NULL && requests > 0)
			json_add_number(builder, kind->counters[i].latency,
					meter_value(kind, i, (double)tally_total(tally, i)) / (double)requests);
	}
	json_builder_end_object(builder);
}

void tally_to_json(const Tally *tally, double began, JsonBuilder *builder)
{
	add_totals(tally, builder);
	add_rates(tally, began, builder);
	add_peak_times(tally, builder);
	add_latencies(tally, builder);
	tally_histograms_to_json(tally, builder);
	rtt_to_json(&tally->rtt, builder);
}
