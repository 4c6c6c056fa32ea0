/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long the requests of a run took, from histograms that may begin again or change
 * their bins whenever somebody updates the disk (virDomainUpdateDeviceFlags). */
#include "qemu-helpers/json/ascii.h"
#include "tally.h"

static void add_to(Histogram **sum, const Histogram *more)
{
	if (histogram_has_bins_of(*sum, more)) {
		histogram_add(*sum, more);
		return;
	}
	g_free(*sum);
	*sum = histogram_copy(more);
}

static void follow(Histogram **base, const Histogram *last, Histogram **now, gboolean reset)
{
	if (last == NULL) {
		if (*now != NULL && !histogram_has_bins_of(*base, *now))
			g_clear_pointer(base, g_free);
		return;
	}
	if (*now == NULL && !reset)
		*now = histogram_copy(last);
	else if (*now == NULL)
		add_to(base, last);
	else if (!histogram_has_bins_of(last, *now))
		g_clear_pointer(base, g_free);
	else if (reset || histogram_has_fallen(last, *now))
		add_to(base, last);
}

void tally_add_histograms(Tally *tally, Meter *next, gboolean reset)
{
	for (guint i = 0; i < METER_COUNTERS; i++)
		follow(&tally->base_histograms[i], tally->last->histograms[i], &next->histograms[i], reset);
}

void tally_learn_histograms(Tally *tally, const Tally *other)
{
	for (guint i = 0; i < METER_COUNTERS; i++) {
		Histogram **last = &tally->last->histograms[i], **base = &tally->base_histograms[i];
		const Histogram *more = other->base_histograms[i];

		if (*last == NULL)
			*last = histogram_copy(other->last->histograms[i]);
		if (histogram_total(more) <= histogram_total(*base) ||
		    (*last != NULL && !histogram_has_bins_of(*last, more)))
			continue;
		g_free(*base);
		*base = histogram_copy(more);
	}
}

Histogram *tally_histogram(const Tally *tally, guint counter)
{
	const Histogram *last = tally->last->histograms[counter];
	Histogram *sum = histogram_copy(tally->base_histograms[counter]);

	if (last != NULL)
		add_to(&sum, last);
	return sum;
}

void tally_histograms_to_json(const Tally *tally, JsonBuilder *builder)
{
	const MeterCounter *counters = tally->last->kind->counters;
	Histogram *histograms[METER_COUNTERS];
	gboolean any = FALSE;

	for (guint i = 0; i < METER_COUNTERS; i++) {
		histograms[i] = tally_histogram(tally, i);
		any = any || histogram_total(histograms[i]) > 0;
		if (histograms[i] != NULL)
			histogram_to_json(histograms[i], counters[i].histogram, builder);
	}
	if (any)
		json_begin_object(builder, "percentile_latency_seconds");
	for (guint i = 0; i < METER_COUNTERS; i++) {
		if (histograms[i] != NULL)
			histogram_percentiles_to_json(histograms[i], counters[i].latency, builder);
		g_free(histograms[i]);
	}
	if (any)
		json_builder_end_object(builder);
}
