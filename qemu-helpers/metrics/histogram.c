/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts of requests by how long they took. */
#include "histogram.h"

#include <math.h>
#include <string.h>

#include "qemu-helpers/json/ascii.h"
#include "qemu-helpers/json/read.h"

#define NANOSECONDS 1e9

gboolean histogram_is_sound(const Histogram *histogram)
{
	if (histogram->n_bins == 0 || histogram->n_bins > HISTOGRAM_MOST_BINS)
		return FALSE;
	for (guint i = 0; i < histogram->n_bins; i++) {
		if (histogram->starts[i] > HISTOGRAM_MOST || histogram->counts[i] > HISTOGRAM_MOST ||
		    (i > 0 && histogram->starts[i] <= histogram->starts[i - 1]))
			return FALSE;
	}
	return TRUE;
}

Histogram *histogram_copy(const Histogram *histogram)
{
	return g_memdup2(histogram, sizeof(*histogram));
}

gboolean histogram_has_bins_of(const Histogram *histogram, const Histogram *other)
{
	return histogram != NULL && other != NULL && histogram->n_bins == other->n_bins &&
	       memcmp(histogram->starts, other->starts, histogram->n_bins * sizeof(*histogram->starts)) == 0;
}

gboolean histogram_equals(const Histogram *one, const Histogram *other)
{
	if (one == NULL || other == NULL)
		return one == other;
	return histogram_has_bins_of(one, other) &&
	       memcmp(one->counts, other->counts, one->n_bins * sizeof(*one->counts)) == 0;
}

gboolean histogram_has_fallen(const Histogram *before, const Histogram *now)
{
	for (guint i = 0; i < before->n_bins; i++) {
		if (now->counts[i] < before->counts[i])
			return TRUE;
	}
	return FALSE;
}

void histogram_add(Histogram *histogram, const Histogram *more)
{
	for (guint i = 0; i < histogram->n_bins; i++)
		histogram->counts[i] = MIN(histogram->counts[i] + more->counts[i], HISTOGRAM_MOST);
}

guint64 histogram_total(const Histogram *histogram)
{
	guint64 total = 0;

	for (guint i = 0; histogram != NULL && i < histogram->n_bins; i++)
		total += histogram->counts[i];
	return total;
}

guint histogram_find(const Histogram *histogram, guint percent)
{
	guint64 total = histogram_total(histogram);
	guint64 below = 0;

	for (guint i = 0; total > 0 && i < histogram->n_bins; i++) {
		below += histogram->counts[i];
		/* Neither overflows: 64 bins of HISTOGRAM_MOST, a hundred times, are less than 2^63. */
		if (below * 100 >= total * percent)
			return i;
	}
	return histogram->n_bins;
}

/* --- JSON --- */

void histogram_to_json(const Histogram *histogram, const char *name, JsonBuilder *builder)
{
	json_begin_object(builder, name);
	json_begin_array(builder, "start_seconds");
	for (guint i = 0; i < histogram->n_bins; i++)
		json_builder_add_double_value(builder, (double)histogram->starts[i] / NANOSECONDS);
	json_builder_end_array(builder);
	json_begin_array(builder, "count");
	for (guint i = 0; i < histogram->n_bins; i++)
		json_builder_add_int_value(builder, (gint64)histogram->counts[i]);
	json_builder_end_array(builder);
	json_builder_end_object(builder);
}

static JsonArray *find_array(JsonObject *object, const char *name)
{
	JsonNode *node = object != NULL ? json_object_get_member(object, name) : NULL;

	return node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

/* FALSE: one of them is no number, or out of all bounds. */
static gboolean read_numbers(JsonArray *array, double unit, guint64 *numbers, guint n)
{
	for (guint i = 0; i < n; i++) {
		JsonNode *node = json_array_get_element(array, i);
		GType type = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;
		double number = type == G_TYPE_INT64 || type == G_TYPE_DOUBLE ? json_node_get_double(node) : -1;

		if (!(number >= 0 && number * unit <= HISTOGRAM_MOST))
			return FALSE;
		numbers[i] = (guint64)llround(number * unit);
	}
	return TRUE;
}

Histogram *histogram_from_json(JsonObject *object, const char *name)
{
	JsonObject *part = json_part(object, name);
	JsonArray *starts = find_array(part, "start_seconds");
	JsonArray *counts = find_array(part, "count");
	guint n = starts != NULL ? json_array_get_length(starts) : 0;
	g_autofree Histogram *histogram = NULL;

	if (n == 0 || n > HISTOGRAM_MOST_BINS || counts == NULL || json_array_get_length(counts) != n)
		return NULL;
	histogram = g_new0(Histogram, 1);
	histogram->n_bins = n;
	if (!read_numbers(starts, NANOSECONDS, histogram->starts, n) ||
	    !read_numbers(counts, 1, histogram->counts, n) || !histogram_is_sound(histogram))
		return NULL;
	return g_steal_pointer(&histogram);
}

void histogram_percentiles_to_json(const Histogram *histogram, const char *name, JsonBuilder *builder)
{
	static const struct {
		guint percent;
		const char *name;
	} wanted[] = { { 50, "p50" }, { 95, "p95" }, { 99, "p99" } };
	guint last = histogram->n_bins - 1;

	if (histogram_total(histogram) == 0)
		return;
	json_begin_object(builder, name);
	for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
		guint bin = histogram_find(histogram, wanted[i].percent);

		if (bin < last)
			json_add_number(builder, wanted[i].name, (double)histogram->starts[bin + 1] / NANOSECONDS);
	}
	if (histogram_find(histogram, wanted[G_N_ELEMENTS(wanted) - 1].percent) == last)
		json_add_number(builder, "over", (double)histogram->starts[last] / NANOSECONDS);
	json_builder_end_object(builder);
}
