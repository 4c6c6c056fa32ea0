/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "meter.h"
#include "rtt.h"

/* Seconds. Two samples closer than this say more about the clock than about the guest. */
#define TALLY_SHORTEST_SPAN 0.4

/* What one disk or NIC comes to over a run: totals and the steepest rise. */
typedef struct {
	Meter *last;
	double last_at;
	guint64 base[METER_COUNTERS]; /* counted before a reset, which begins again at zero */
	double peak[METER_COUNTERS];  /* per second, between two samples */
	Histogram *base_histograms[METER_COUNTERS]; /* as `base`, in the bins that `last` has; NULL: nothing */
	Rtt rtt;                      /* of all samples */
	gint64 peak_time[METER_COUNTERS]; /* microseconds since the epoch; 0: there was no peak */
} Tally;

/* Takes the meter. */
Tally *tally_new(Meter *first, double at);
void tally_free(Tally *tally);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tally, tally_free)

/* That of the same device (of GPtrArray of Tally); NULL: not met yet. */
Tally *tally_find(const GPtrArray *tallies, const Meter *meter);

/* Whether this meter's counters have begun again at zero. */
gboolean tally_is_reset_by(const Tally *tally, const Meter *next);

/* Takes the meter. `when` is the same moment as `at`, in microseconds since the epoch. */
void tally_add(Tally *tally, Meter *next, double at, gint64 when);

/* What another tally of the same device and run knows of times that this one has not seen. */
void tally_learn(Tally *tally, const Tally *other);

/* What tally_add() does about histograms, before `next` is the last: one that began again
 * is added up, one with other bins counts from now on, one that is missing for once stays. */
void tally_add_histograms(Tally *tally, Meter *next, gboolean reset);
void tally_learn_histograms(Tally *tally, const Tally *other);
/* Of the run, as far as the bins stayed the same; to be freed. NULL: nobody told. */
Histogram *tally_histogram(const Tally *tally, guint counter);

guint64 tally_total(const Tally *tally, guint counter);
/* Per second since `began`; 0 when no time has passed. */
double tally_mean(const Tally *tally, guint counter, double began);

/* Totals, "mean_per_second", "peak_per_second", "peak_time" and, of a disk,
 * "mean_latency_seconds", into the object that is open. `began`: when the counters began at zero. */
void tally_to_json(const Tally *tally, double began, JsonBuilder *builder);
/* Its histograms, and "percentile_latency_seconds". */
void tally_histograms_to_json(const Tally *tally, JsonBuilder *builder);
