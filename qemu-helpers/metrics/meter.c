/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which counters there are, what libvirt and the log call them, and nothing else. */
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

/* From the guest's side, see nics.c. */
const MeterKind meter_nic = {
	.section = "nics",
	.stay = METRICS_NICS,
	.counters = {
		{ "rx_bytes", NULL, NULL },
		{ "rx_packets", NULL, NULL },
		{ "rx_errors", NULL, NULL },
		{ "rx_drops", NULL, NULL },
		{ "tx_bytes", NULL, NULL },
		{ "tx_packets", NULL, NULL },
		{ "tx_errors", NULL, NULL },
		{ "tx_drops", NULL, NULL },
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
	return copy;
}

gboolean meter_equals(const Meter *one, const Meter *other)
{
	return one->kind == other->kind && one->known == other->known && g_str_equal(one->target, other->target) &&
	       memcmp(one->counts, other->counts, sizeof(one->counts)) == 0;
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

void meter_learn(Meter *meter, guint counter, guint64 count)
{
	meter->counts[counter] = count;
	meter->known |= 1u << counter;
}

/* --- libvirt --- */

/* "block.3.rd.bytes": sets 3 and gives "rd.bytes"; NULL: another field. */
static const char *split_field(const char *field, guint *place)
{
	gsize length = strlen(meter_disk.libvirt);
	char *end;

	if (strncmp(field, meter_disk.libvirt, length) != 0 || field[length] != '.' ||
	    !g_ascii_isdigit(field[length + 1]))
		return NULL;
	*place = (guint)g_ascii_strtoull(field + length + 1, &end, 10);
	return *end == '.' ? end + 1 : NULL;
}

static void take_field(Meter *meter, const char *name, const virTypedParameter *param)
{
	if (param->type == VIR_TYPED_PARAM_STRING && g_str_equal(name, "name") && meter->target == NULL)
		meter->target = g_utf8_make_valid(param->value.s, -1);
	for (guint i = 0; param->type == VIR_TYPED_PARAM_ULLONG && i < METER_COUNTERS; i++) {
		if (g_str_equal(name, meter->kind->counters[i].libvirt))
			meter_learn(meter, i, param->value.ul);
	}
}

/* Takes the meter; without figures, or a name, it is none. */
static void keep(GPtrArray *meters, Meter *meter)
{
	if (meter != NULL && meter->target != NULL && meter->known != 0)
		g_ptr_array_add(meters, meter);
	else if (meter != NULL)
		meter_free(meter);
}

/* libvirt numbers by the XML, tells of one after the other, and leaves out what it
 * has no figures for. */
void meters_from_libvirt(GPtrArray *meters, virTypedParameterPtr params, int n_params)
{
	Meter *meter = NULL;

	for (int i = 0; i < n_params; i++) {
		guint place = 0;
		const char *name = split_field(params[i].field, &place);

		if (name == NULL)
			continue;
		if (meter == NULL || meter->place != place) {
			keep(meters, meter);
			meter = g_new0(Meter, 1);
			meter->kind = &meter_disk;
			meter->place = place;
		}
		take_field(meter, name, &params[i]);
	}
	keep(meters, meter);
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
	}
	return meter;
}
