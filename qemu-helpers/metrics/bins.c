/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts together the bins of libvirt's answer, in whichever order they come. */
#include "bins.h"

#include <string.h>

static void take_number_of(Bins *bins, guint64 n)
{
	bins->wrong = bins->wrong || bins->n_bins != 0 || n == 0 || n > HISTOGRAM_MOST_BINS;
	bins->n_bins = n;
}

static void take_one(Bins *bins, guint64 bin, guint64 *numbers, guint64 *told, guint64 value)
{
	if (bin >= HISTOGRAM_MOST_BINS || (*told & (G_GUINT64_CONSTANT(1) << bin)) != 0) {
		bins->wrong = TRUE;
		return;
	}
	*told |= G_GUINT64_CONSTANT(1) << bin;
	numbers[bin] = value;
}

void bins_take(Bins *bins, const char *field, guint64 value)
{
	static const char prefix[] = "bin.";
	const char *name;
	char *end;
	guint64 bin;

	if (!g_str_has_prefix(field, prefix))
		return;
	name = field + strlen(prefix);
	if (g_str_equal(name, "count"))
		take_number_of(bins, value);
	if (!g_ascii_isdigit(*name))
		return;
	bin = g_ascii_strtoull(name, &end, 10);
	if (g_str_equal(end, ".start"))
		take_one(bins, bin, bins->histogram.starts, &bins->starts_told, value);
	else if (g_str_equal(end, ".value"))
		take_one(bins, bin, bins->histogram.counts, &bins->counts_told, value);
}

Histogram *bins_finish(const Bins *bins)
{
	guint64 all;
	g_autofree Histogram *histogram = NULL;

	if (bins->wrong || bins->n_bins == 0)
		return NULL;
	all = G_MAXUINT64 >> (HISTOGRAM_MOST_BINS - bins->n_bins);
	if (bins->starts_told != all || bins->counts_told != all)
		return NULL;
	histogram = histogram_copy(&bins->histogram);
	histogram->n_bins = (guint)bins->n_bins;
	return histogram_is_sound(histogram) ? g_steal_pointer(&histogram) : NULL;
}
