/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which counters there are, what the log calls them, and nothing else. */
#include "meter.h"

#include <math.h>
#include <string.h>

#include "plugins/metrics/inventory.h"
#include "qemu-helpers/json/ascii.h"
#include "qemu-helpers/json/read.h"

#define NANOSECONDS 1e9

const MeterKind meter_disk = {
	.section = "disks",
	.libvirt = "block",
	.stay = METRICS_DISKS,
	.counters = {
		{ "read_bytes", "rd.bytes", NULL, NULL },
		{ "read_ops", "rd.reqs", NULL, NULL },
		{ "read_seconds", "rd.times", "read", "read_latency" },
		{ "write_bytes", "wr.bytes", NULL, NULL },
		{ "write_ops", "wr.reqs", NULL, NULL },
		{ "write_seconds", "wr.times", "write", "write_latency" },
		{ "flush_ops", "fl.reqs", NULL, NULL },
		{ "flush_seconds", "fl.times", "flush", "flush_latency" },
	},
};

/* From the guest's side, see nics.c. */
const MeterKind meter_nic = {
	.section = "nics",
	.stay = METRICS_NICS,
	.counters = {
		{ "rx_bytes", NULL, NULL, NULL },
		{ "rx_packets", NULL, NULL, NULL },
		{ "rx_errors", NULL, NULL, NULL },
		{ "rx_drops", NULL, NULL, NULL },
		{ "tx_bytes", NULL, NULL, NULL },
		{ "tx_packets", NULL, NULL, NULL },
		{ "tx_errors", NULL, NULL, NULL },
		{ "tx_drops", NULL, NULL, NULL },
	},
};

Meter *meter_new(const MeterKind *kind, const char *target, guint place)
{
	Meter *meter = g_new0(Meter, 1);

	meter->kind = kind;
	meter->target = g_utf8_make_valid(target, -1);
	meter->place = place;
	return meter;
}

Meter *meter_copy(const Meter *meter)
{
	Meter *copy = g_memdup2(meter, sizeof(*meter));

	copy->target = g_strdup(meter->target);
	for (guint i = 0; i < METER_COUNTERS; i++)
		copy->histograms[i] = histogram_copy(meter->histograms[i]);
	return copy;
}

gboolean meter_equals(const Meter *one, const Meter *other)
{
	for (guint i = 0; i < METER_COUNTERS; i++) {
		if (!histogram_equals(one->histograms[i], other->histograms[i]))
			return FALSE;
	}
	return one->kind == other->kind && one->known == other->known && g_str_equal(one->target, other->target) &&
	       memcmp(one->counts, other->counts, sizeof(one->counts)) == 0;
}

void meter_free(Meter *meter)
{
	for (guint i = 0; i < METER_COUNTERS; i++)
		g_free(meter->histograms[i]);
	g_free(meter->target);
	g_free(meter);
}

gboolean meter_knows(const Meter *meter, guint counter)
{
	return (meter->known & (1u << counter)) != 0;
}

void meter_learn(Meter *meter, guint counter, guint64 count)
{
	meter->counts[counter] = count;
	meter->known |= 1u << counter;
}

/* --- the log --- */

double meter_value(const MeterKind *kind, guint counter, double count)
{
	return kind->counters[counter].latency != NULL ? count / NANOSECONDS : count;
}

void meter_to_json(const Meter *meter, JsonBuilder *builder)
{
	for (guint i = 0; i < METER_COUNTERS; i++) {
		const MeterCounter *counter = &meter->kind->counters[i];

		if (!meter_knows(meter, i))
			continue;
		if (counter->latency != NULL)
			json_add_number(builder, counter->name, (double)meter->counts[i] / NANOSECONDS);
		else
			json_add_count(builder, counter->name, meter->counts[i]);
	}
	for (guint i = 0; i < METER_COUNTERS; i++) {
		if (meter->histograms[i] != NULL)
			histogram_to_json(meter->histograms[i], meter->kind->counters[i].histogram, builder);
	}
	rtt_to_json(&meter->rtt, builder);
}

Meter *meter_from_json(const MeterKind *kind, JsonObject *object, guint place)
{
	const char *target = json_text(object, "target");
	Meter *meter;

	if (target == NULL)
		return NULL;
	meter = meter_new(kind, target, place);
	meter->rtt = rtt_from_json(object);
	for (guint i = 0; i < METER_COUNTERS; i++) {
		const char *name = kind->counters[i].name;
		double value = json_number(object, name, -1);

		if (value >= 0 && kind->counters[i].latency != NULL)
			meter_learn(meter, i, (guint64)llround(value * NANOSECONDS));
		else if (value >= 0)
			meter_learn(meter, i, (guint64)json_object_get_int_member(object, name));
		if (kind->counters[i].histogram != NULL)
			meter->histograms[i] = histogram_from_json(object, kind->counters[i].histogram);
	}
	return meter;
}
