/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One VM's figures: from libvirt's answer, to the log, and back from it. */
#include "sample.h"

#include <math.h>
#include <time.h>

#include "qemu-helpers/json/ascii.h"
#include "qemu-helpers/json/read.h"

#define NANOSECONDS 1e9
#define KIB 1024

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
	g_free(sample->uuid);
	g_free(sample);
}

static gboolean read_count(virTypedParameterPtr params, int n_params, const char *field, guint64 *count)
{
	unsigned long long value = 0;

	if (virTypedParamsGetULLong(params, n_params, field, &value) != 1)
		return FALSE;
	*count = value;
	return TRUE;
}

static gboolean has_disk_figures(const GPtrArray *meters)
{
	for (guint i = 0; i < meters->len; i++) {
		const Meter *meter = g_ptr_array_index(meters, i);

		if (meter->kind == &meter_disk)
			return TRUE;
	}
	return FALSE;
}

Sample *sample_from_libvirt(const char *uuid, virTypedParameterPtr params, int n_params, double at)
{
	Sample *sample = sample_new(uuid, at);

	virTypedParamsGetInt(params, n_params, "state.state", &sample->state);
	if (read_count(params, n_params, "cpu.time", &sample->cpu_nanoseconds))
		sample->known |= SAMPLE_KNOWS_CPU;
	if (read_count(params, n_params, "balloon.current", &sample->memory_bytes))
		sample->known |= SAMPLE_KNOWS_MEMORY;
	if (read_count(params, n_params, "balloon.rss", &sample->resident_bytes))
		sample->known |= SAMPLE_KNOWS_RESIDENT;
	sample->memory_bytes *= KIB;
	sample->resident_bytes *= KIB;
	meters_from_libvirt(sample->meters, params, n_params);
	/* Both need libvirt's job on the VM, which NOWAIT does without when a QEMU
	 * that hangs has it (qemu_driver.c: HAVE_JOB). */
	sample->answered = (sample->known & SAMPLE_KNOWS_RESIDENT) != 0 || has_disk_figures(sample->meters);
	return sample;
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
	if ((sample->known & SAMPLE_KNOWS_CPU) != 0)
		json_add_number(builder, "cpu_seconds", (double)sample->cpu_nanoseconds / NANOSECONDS);
	if ((sample->known & SAMPLE_KNOWS_MEMORY) != 0)
		json_add_count(builder, "memory_bytes", sample->memory_bytes);
	if ((sample->known & SAMPLE_KNOWS_RESIDENT) != 0)
		json_add_count(builder, "resident_bytes", sample->resident_bytes);
	if ((sample->known & SAMPLE_KNOWS_HOST_IO) != 0) {
		json_add_count(builder, "host_read_bytes", sample->host_read_bytes);
		json_add_count(builder, "host_write_bytes", sample->host_write_bytes);
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
	sample->answered = TRUE;
	if (cpu >= 0) {
		sample->cpu_nanoseconds = (guint64)llround(cpu * NANOSECONDS);
		sample->known |= SAMPLE_KNOWS_CPU;
	}
	read_meters(sample->meters, &meter_disk, line);
	read_meters(sample->meters, &meter_nic, line);
	return sample;
}
