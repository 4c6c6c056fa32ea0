/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <libvirt/libvirt.h>

#include "meter.h"

/* What is known of one VM at one moment: from the kernel (kernel.c, nics.c), and the
 * disks from libvirt. */
typedef struct {
	char *uuid;
	double at;      /* seconds of CLOCK_BOOTTIME: never jumps, runs on in suspend */
	char *missing;  /* why the disks' figures did not come; NULL: nothing is missing */
	int state;      /* virDomainState; -1: nobody was asked */
	gboolean arriving; /* it migrates to this host, of which it is paused, and nothing of it has run here yet */
	guint known;    /* SampleKnown */
	guint64 cpu_nanoseconds;
	guint64 resident_bytes;    /* of the host's memory that QEMU holds */
	guint64 host_memory_bytes; /* that the VM is charged with, page cache included */
	guint64 host_read_bytes;   /* from the host's own disks */
	guint64 host_write_bytes;
	GPtrArray *meters; /* Meter; no target twice within a kind */
	GPtrArray *targets; /* char *: of all NICs, by their place in the XML; NULL: not asked for */
} Sample;

typedef enum {
	SAMPLE_KNOWS_CPU = 1 << 0,
	SAMPLE_KNOWS_RESIDENT = 1 << 1,
	SAMPLE_KNOWS_HOST_MEMORY = 1 << 2,
	SAMPLE_KNOWS_HOST_IO = 1 << 3,
} SampleKnown;

Sample *sample_new(const char *uuid, double at);
void sample_free(Sample *sample);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sample, sample_free)

/* Whether QEMU has told of a disk. */
gboolean sample_has_disks(const Sample *sample);
/* Whether it should have disks and has none: one that is arriving has read and written nothing here. */
gboolean sample_lacks_disks(const Sample *sample);
/* Takes over what libvirt alone knows. Both stay the caller's. */
void sample_add_disks(Sample *sample, const Sample *answer);

/* `state`, the disks, and the NICs' targets. */
Sample *sample_from_libvirt(const char *uuid, virTypedParameterPtr params, int n_params, double at);

/* Seconds of CLOCK_BOOTTIME. */
double sample_clock(void);

/* The members that are not a meter's. */
void sample_to_json(const Sample *sample, JsonBuilder *builder);
/* Of a `sample` line; NULL when it is none. */
Sample *sample_from_json(JsonObject *line);
