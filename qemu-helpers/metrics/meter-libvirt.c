/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks from libvirt's answer. */
#include <string.h>

#include "bins.h"
#include "meter.h"

/* libvirt 12.1: VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_*, which older headers lack. The names are those of
 * the patch, https://mail-archive.com/devel@lists.libvirt.org/msg14669.html: after this one "read.", "write.",
 * "zone_append." or "flush.", and then what bins.h reads. */
#define HISTOGRAM "latency_histogram."

/* A disk of which libvirt has not told everything yet. */
typedef struct {
	Meter *meter; /* NULL: there is none */
	Bins *bins[METER_COUNTERS];
} Draft;

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

/* "latency_histogram.read.bin.3.start": gives "bin.3.start"; NULL: another field. */
static const char *split_histogram_field(const char *name, const MeterCounter *counter)
{
	const char *way;

	if (counter->histogram == NULL || !g_str_has_prefix(name, HISTOGRAM))
		return NULL;
	way = name + strlen(HISTOGRAM);
	return g_str_has_prefix(way, counter->latency) && way[strlen(counter->latency)] == '.' ?
		       way + strlen(counter->latency) + 1 : NULL;
}

static void take_histogram_field(Draft *draft, const char *name, const virTypedParameter *param)
{
	gboolean is_short = param->type == VIR_TYPED_PARAM_UINT;

	if (param->type != VIR_TYPED_PARAM_ULLONG && !is_short)
		return;
	for (guint i = 0; i < METER_COUNTERS; i++) {
		const char *field = split_histogram_field(name, &meter_disk.counters[i]);

		if (field == NULL)
			continue;
		if (draft->bins[i] == NULL)
			draft->bins[i] = g_new0(Bins, 1);
		bins_take(draft->bins[i], field, is_short ? param->value.ui : param->value.ul);
	}
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

/* The disk is told; without figures, or a name, it is none. */
static void keep(GPtrArray *meters, Draft *draft)
{
	Meter *meter = g_steal_pointer(&draft->meter);

	for (guint i = 0; i < METER_COUNTERS; i++) {
		if (draft->bins[i] != NULL)
			meter->histograms[i] = bins_finish(draft->bins[i]);
		g_clear_pointer(&draft->bins[i], g_free);
	}
	if (meter != NULL && meter->target != NULL && meter->known != 0)
		g_ptr_array_add(meters, meter);
	else if (meter != NULL)
		meter_free(meter);
}

static void begin(Draft *draft, guint place)
{
	draft->meter = g_new0(Meter, 1);
	draft->meter->kind = &meter_disk;
	draft->meter->place = place;
}

/* libvirt numbers by the XML, tells of one after the other, and leaves out what it
 * has no figures for. */
void meters_from_libvirt(GPtrArray *meters, virTypedParameterPtr params, int n_params)
{
	Draft draft = { .meter = NULL };

	for (int i = 0; i < n_params; i++) {
		guint place = 0;
		const char *name = split_field(params[i].field, &place);

		if (name == NULL)
			continue;
		if (draft.meter == NULL || draft.meter->place != place) {
			keep(meters, &draft);
			begin(&draft, place);
		}
		take_field(draft.meter, name, &params[i]);
		take_histogram_field(&draft, name, &params[i]);
	}
	keep(meters, &draft);
}
