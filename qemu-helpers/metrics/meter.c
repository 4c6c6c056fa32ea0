/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which counters there are, what libvirt and the log call them, and nothing else. */
#include "meter.h"

#include <math.h>

#include "plugins/metrics/inventory.h"
#include "qemu-helpers/json/ascii.h"
#include "qemu-helpers/json/read.h"

#define NANOSECONDS 1e9

const MeterKind meter_disk = {
	.section = "disks",
	.libvirt = "block",
	.stay = METRICS_DISKS,
	.counters = {
		{ "read_bytes", "rd.bytes", NULL },
		{ "read_ops", "rd.reqs", NULL },
		{ "read_seconds", "rd.times", "read" },
		{ "write_bytes", "wr.bytes", NULL },
		{ "write_ops", "wr.reqs", NULL },
		{ "write_seconds", "wr.times", "write" },
		{ "flush_ops", "fl.reqs", NULL },
		{ "flush_seconds", "fl.times", "flush" },
	},
};

/* libvirt gives the guest's side: it swaps what the kernel counts on a TAP, where
 * the host's rx is what the guest sent, and leaves a macvtap as it is. */
const MeterKind meter_nic = {
	.section = "nics",
	.libvirt = "net",
	.stay = METRICS_NICS,
	.counters = {
		{ "rx_bytes", "rx.bytes", NULL },
		{ "rx_packets", "rx.pkts", NULL },
		{ "rx_errors", "rx.errs", NULL },
		{ "rx_drops", "rx.drop", NULL },
		{ "tx_bytes", "tx.bytes", NULL },
		{ "tx_packets", "tx.pkts", NULL },
		{ "tx_errors", "tx.errs", NULL },
		{ "tx_drops", "tx.drop", NULL },
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

void meter_free(Meter *meter)
{
	g_free(meter->target);
	g_free(meter);
}

gboolean meter_knows(const Meter *meter, guint counter)
{
	return (meter->known & (1u << counter)) != 0;
}

static void learn(Meter *meter, guint counter, guint64 count)
{
	meter->counts[counter] = count;
	meter->known |= 1u << counter;
}

/* --- libvirt --- */

static Meter *meter_from_libvirt(const MeterKind *kind, guint place, virTypedParameterPtr params, int n_params)
{
	g_autofree char *name_field = g_strdup_printf("%s.%u.name", kind->libvirt, place);
	const char *name = NULL;
	Meter *meter;

	if (virTypedParamsGetString(params, n_params, name_field, &name) != 1)
		return NULL;
	meter = meter_new(kind, name, place);
	for (guint i = 0; i < METER_COUNTERS; i++) {
		g_autofree char *field =
			g_strdup_printf("%s.%u.%s", kind->libvirt, place, kind->counters[i].libvirt);
		unsigned long long count = 0;

		if (virTypedParamsGetULLong(params, n_params, field, &count) == 1)
			learn(meter, i, count);
	}
	return meter;
}

/* libvirt numbers by the XML and leaves out what it has no figures for. */
static void add_kind(GPtrArray *meters, const MeterKind *kind, virTypedParameterPtr params, int n_params)
{
	g_autofree char *field = g_strdup_printf("%s.count", kind->libvirt);
	unsigned int count = 0;

	if (virTypedParamsGetUInt(params, n_params, field, &count) != 1)
		return;
	for (guint i = 0; i < count; i++) {
		g_autoptr(Meter) meter = meter_from_libvirt(kind, i, params, n_params);

		if (meter != NULL && meter->known != 0)
			g_ptr_array_add(meters, g_steal_pointer(&meter));
	}
}

void meters_from_libvirt(GPtrArray *meters, virTypedParameterPtr params, int n_params)
{
	add_kind(meters, &meter_disk, params, n_params);
	add_kind(meters, &meter_nic, params, n_params);
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
}

Meter *meter_from_json(const MeterKind *kind, JsonObject *object, guint place)
{
	const char *target = json_text(object, "target");
	Meter *meter;

	if (target == NULL)
		return NULL;
	meter = meter_new(kind, target, place);
	for (guint i = 0; i < METER_COUNTERS; i++) {
		const char *name = kind->counters[i].name;
		double value = json_number(object, name, -1);

		if (value >= 0 && kind->counters[i].latency != NULL)
			learn(meter, i, (guint64)llround(value * NANOSECONDS));
		else if (value >= 0)
			learn(meter, i, (guint64)json_object_get_int_member(object, name));
	}
	return meter;
}
