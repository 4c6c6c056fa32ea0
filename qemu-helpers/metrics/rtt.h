/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

/* Round trips to a guest, seconds. */
typedef struct {
	guint sent; /* 0: nobody was asked, and nothing else counts */
	guint lost; /* not answered within the interval */
	guint answered;
	double sum;
	double min;
	double max;
} Rtt;

void rtt_answer(Rtt *rtt, double seconds);
void rtt_add(Rtt *rtt, const Rtt *more);

/* "rtt_seconds" into the object that is open: "sent", "lost" and, of those that were
 * answered, "min", "mean", "max". Nothing when none was sent. */
void rtt_to_json(const Rtt *rtt, JsonBuilder *builder);
/* The way back, from the object that has "rtt_seconds" or not. */
Rtt rtt_from_json(JsonObject *object);
