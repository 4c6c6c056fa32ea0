/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One VM's figures: the disks from libvirt's answer, all to the log, and back from it. */
#include "sample.h"

#include <math.h>
#include <time.h>

#include "qemu-helpers/json/ascii.h"
#include "qemu-helpers/json/read.h"

#define NANOSECONDS 1e9
#define MOST_NICS 1024

double sample_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / NANOSECONDS;
}

Sample *sample_new(const char *uuid, double at)
{
	Sample *sample = g_new0(Sample, 1);

	sample->uuid = g_strdup(uuid);
	sample->at = at;
	sample->state = -1;
	sample->meters = g_ptr_array_new_with_free_func((GDestroyNotify)meter_free);
	return sample;
}

void sample_free(Sample *sample)
{
	g_ptr_array_unref(sample->meters);
	g_clear_pointer(&sample->targets, g_ptr_array_unref);
	g_free(sample->missing);
	g_free(sample->uuid);
	g_free(sample);
}

/* NULL where libvirt knows none. */
static GPtrArray *find_targets(virTypedParameterPtr params, int n_params)
{
	unsigned int count = 0;
	GPtrArray *targets;

	if (virTypedParamsGetUInt(params, n_params, "net.count", &count) != 1)
		return NULL;
	targets = g_ptr_array_new_with_free_func(g_free);
	for (unsigned int i = 0; i < MIN(count, MOST_NICS); i++) {
		g_autofree char *field = g_strdup_printf("net.%u.name", i);
		const char *name = NULL;

		virTypedParamsGetString(params, n_params, field, &name);
		g_ptr_array_add(targets, g_strdup(name));
	}
	return targets;
}

Sample *sample_from_libvirt(const char *uuid, virTypedParameterPtr params, int n_params, double at)
{
	Sample *sample = sample_new(uuid, at);
	int reason = -1;

	virTypedParamsGetInt(params, n_params, "state.state", &sample->state);
	virTypedParamsGetInt(params, n_params, "state.reason", &reason);
	sample->arriving = sample->state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_MIGRATION;
	meters_from_libvirt(sample->meters, params, n_params);
	sample->targets = find_targets(params, n_params);
	return sample;
}

/* libvirt needs its job on the VM for them, which NOWAIT does without when a QEMU
 * that hangs has it (qemu_driver.c: HAVE_JOB). */
gboolean sample_has_disks(const Sample *sample)
{
	for (guint i = 0; i < sample->meters->len; i++) {
		const Meter *meter = g_ptr_array_index(sample->meters, i);

		if (meter->kind == &meter_disk)
			return TRUE;
	}
	return FALSE;
}

gboolean sample_lacks_disks(const Sample *sample)
{
	return sample->missing != NULL && !sample->arriving;
}

void sample_add_disks(Sample *sample, const Sample *answer)
{
	sample->state = answer->state;
	for (guint i = 0; i < answer->meters->len; i++) {
		const Meter *meter = g_ptr_array_index(answer->meters, i);

		if (meter->kind == &meter_disk)
			g_ptr_array_add(sample->meters, meter_copy(meter));
	}
}

static const char *const state_names[] = {
	[VIR_DOMAIN_NOSTATE] = "none",	   [VIR_DOMAIN_RUNNING] = "running", [VIR_DOMAIN_BLOCKED] = "blocked",
	[VIR_DOMAIN_PAUSED] = "paused",	   [VIR_DOMAIN_SHUTDOWN] = "shutdown", [VIR_DOMAIN_SHUTOFF] = "shutoff",
	[VIR_DOMAIN_CRASHED] = "crashed", [VIR_DOMAIN_PMSUSPENDED] = "pmsuspended",
};

void sample_to_json(const Sample *sample, JsonBuilder *builder)
{
	json_add_number(builder, "boot_seconds", sample->at);
	if (sample->state >= 0 && sample->state < (int)G_N_ELEMENTS(state_names))
		json_add_text(builder, "state", state_names[sample->state]);
	if (sample->arriving)
		json_add_truth(builder, "arriving", TRUE);
	if ((sample->known & SAMPLE_KNOWS_CPU) != 0)
		json_add_number(builder, "cpu_seconds", (double)sample->cpu_nanoseconds / NANOSECONDS);
	if ((sample->known & SAMPLE_KNOWS_RESIDENT) != 0)
		json_add_count(builder, "resident_bytes", sample->resident_bytes);
	if ((sample->known & SAMPLE_KNOWS_HOST_MEMORY) != 0)
		json_add_count(builder, "host_memory_bytes", sample->host_memory_bytes);
	if ((sample->known & SAMPLE_KNOWS_HOST_IO) != 0) {
		json_add_count(builder, "host_read_bytes", sample->host_read_bytes);
		json_add_count(builder, "host_write_bytes", sample->host_write_bytes);
	}
	if (sample->missing != NULL) {
		json_add_text(builder, "missing", "disks");
		json_add_text(builder, "reason", sample->missing);
	}
}

static void read_meters(GPtrArray *meters, const MeterKind *kind, JsonObject *line)
{
	JsonNode *node = json_object_get_member(line, kind->section);
	JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

	for (guint i = 0; array != NULL && i < json_array_get_length(array); i++) {
		JsonNode *element = json_array_get_element(array, i);
		Meter *meter = JSON_NODE_HOLDS_OBJECT(element) ?
				       meter_from_json(kind, json_node_get_object(element), i) : NULL;

		if (meter != NULL)
			g_ptr_array_add(meters, meter);
	}
}

Sample *sample_from_json(JsonObject *line)
{
	const char *uuid = json_text(line, "uuid");
	double at = json_number(line, "boot_seconds", -1);
	double cpu = json_number(line, "cpu_seconds", -1);
	Sample *sample;

	if (uuid == NULL || at < 0)
		return NULL;
	sample = sample_new(uuid, at);
	sample->missing = g_strdup(json_object_get_string_member_with_default(line, "reason", NULL));
	sample->arriving = json_object_get_boolean_member_with_default(line, "arriving", FALSE);
	if (cpu >= 0) {
		sample->cpu_nanoseconds = (guint64)llround(cpu * NANOSECONDS);
		sample->known |= SAMPLE_KNOWS_CPU;
	}
	read_meters(sample->meters, &meter_disk, line);
	read_meters(sample->meters, &meter_nic, line);
	return sample;
}
