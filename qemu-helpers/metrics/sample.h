/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <libvirt/libvirt.h>

#include "meter.h"

/* What libvirt said of one VM at one moment. */
typedef struct {
	char *uuid;
	double at;         /* seconds of CLOCK_BOOTTIME: never jumps, runs on in suspend */
	gboolean answered; /* QEMU itself spoke; otherwise libvirt gave what it knows without */
	int state;         /* virDomainState; -1: unknown */
	guint known;       /* SampleKnown */
	guint64 cpu_nanoseconds;
	guint64 memory_bytes;   /* given to the guest */
	guint64 resident_bytes; /* of the host's memory that QEMU holds */
	guint64 host_read_bytes;   /* from the host's own disks */
	guint64 host_write_bytes;
	GPtrArray *meters;      /* Meter; no target twice within a kind */
} Sample;

typedef enum {
	SAMPLE_KNOWS_CPU = 1 << 0,
	SAMPLE_KNOWS_MEMORY = 1 << 1,
	SAMPLE_KNOWS_RESIDENT = 1 << 2,
	SAMPLE_KNOWS_HOST_IO = 1 << 3,
} SampleKnown;

Sample *sample_new(const char *uuid, double at);
void sample_free(Sample *sample);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sample, sample_free)

Sample *sample_from_libvirt(const char *uuid, virTypedParameterPtr params, int n_params, double at);

/* Seconds of CLOCK_BOOTTIME. */
double sample_clock(void);

/* The members that are not a meter's. */
void sample_to_json(const Sample *sample, JsonBuilder *builder);
/* Of a `sample` line; NULL when it is none. */
Sample *sample_from_json(JsonObject *line);
