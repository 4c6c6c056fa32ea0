/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

/* How long requests took, counted by bins as QEMU does it: bin i has those that took
 * starts[i] nanoseconds or more and less than starts[i + 1], the last one all that took
 * longer. Requests that failed are counted, too (QEMU, block/accounting.c). */

#define HISTOGRAM_MOST_BINS 64
#define HISTOGRAM_MOST 1000000000000000 /* nanoseconds (11 days), or requests in a bin: more is made up */

typedef struct {
	guint n_bins;
	guint64 starts[HISTOGRAM_MOST_BINS];
	guint64 counts[HISTOGRAM_MOST_BINS];
} Histogram;

/* Whether there are bins, in rising order, and nothing made up in them. */
gboolean histogram_is_sound(const Histogram *histogram);

/* NULL of NULL. */
Histogram *histogram_copy(const Histogram *histogram);
/* NULL is equal to NULL. */
gboolean histogram_equals(const Histogram *one, const Histogram *other);
/* FALSE when one of them is NULL. */
gboolean histogram_has_bins_of(const Histogram *histogram, const Histogram *other);
/* Of the same bins: whether one has less in it than before, so that counting began again. */
gboolean histogram_has_fallen(const Histogram *before, const Histogram *now);
/* Of the same bins. */
void histogram_add(Histogram *histogram, const Histogram *more);

/* 0 for NULL. */
guint64 histogram_total(const Histogram *histogram);
/* The bin below whose end this percentage of all requests lies; n_bins: there was none. */
guint histogram_find(const Histogram *histogram, guint percent);

/* The member `name`: {"start_seconds": [0, ...], "count": [12, ...]}. */
void histogram_to_json(const Histogram *histogram, const char *name, JsonBuilder *builder);
/* The way back; NULL when there is no sound one. */
Histogram *histogram_from_json(JsonObject *object, const char *name);

/* The member `name`: "p50", "p95" and "p99", each the end of the bin that it lies in; of those
 * in the last bin, which has none, "over" says where it starts. Nothing without requests. */
void histogram_percentiles_to_json(const Histogram *histogram, const char *name, JsonBuilder *builder);
