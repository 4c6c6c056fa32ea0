/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "histogram.h"

/* A histogram as libvirt tells it, field by field. */
typedef struct {
	guint64 n_bins; /* 0: not told yet */
	guint64 starts_told; /* bit n: of bin n */
	guint64 counts_told;
	gboolean wrong; /* told twice, or more than there is room for */
	Histogram histogram;
} Bins;

/* Takes what follows "block.0.latency_histogram.read.": "bin.count", "bin.3.start" or
 * "bin.3.value"; anything else is not ours. */
void bins_take(Bins *bins, const char *field, guint64 value);

/* What came of it; NULL: bins are missing, or are no histogram. */
Histogram *bins_finish(const Bins *bins);
