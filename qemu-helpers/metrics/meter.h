/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <libvirt/libvirt.h>

#include "histogram.h"
#include "rtt.h"

/* A meter is one disk or NIC of a VM and its counters at one moment: cumulative
 * since QEMU began, and as the guest sees them. */

#define METER_COUNTERS 8
#define METER_READ_BYTES 0 /* the counter of a disk */

typedef struct {
	const char *name;    /* in the log, with its unit */
	const char *libvirt; /* what follows "block.0."; NULL: the kernel counts it */
	/* Not NULL: the time that the requests took which the counter before this
	 * one counts, in nanoseconds; what their mean is called in the report. */
	const char *latency;
	const char *histogram; /* with `latency`: what the log calls the spread of those times */
} MeterCounter;

typedef struct {
	const char *section; /* of the log: "disks", "nics" */
	const char *libvirt; /* "block"; NULL: libvirt is not asked */
	const char *stay;    /* how the stay's groups for these begin */
	MeterCounter counters[METER_COUNTERS];
} MeterKind;

extern const MeterKind meter_disk;
extern const MeterKind meter_nic;

typedef struct {
	const MeterKind *kind;
	char *target; /* "vda", "vnet3": what it is called while this QEMU runs */
	guint place;  /* its number in the XML */
	gboolean gone; /* it was unplugged: this is its last line */
	guint known;  /* bit n: counter n is known. What is unknown is left out, never zero */
	guint64 counts[METER_COUNTERS];
	Histogram *histograms[METER_COUNTERS]; /* of counters with `latency`; NULL: nobody told */
	Rtt rtt; /* of a NIC, since the sample before: no counter */
} Meter;

Meter *meter_new(const MeterKind *kind, const char *target, guint place);
Meter *meter_copy(const Meter *meter);
/* The same device with the same counts. */
gboolean meter_equals(const Meter *one, const Meter *other);
void meter_free(Meter *meter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Meter, meter_free)

/* Sets a counter, which is known from now on. */
void meter_learn(Meter *meter, guint counter, guint64 count);
gboolean meter_knows(const Meter *meter, guint counter);

/* Adds all disks of one domain's answer; meter-libvirt.c. */
void meters_from_libvirt(GPtrArray *meters, virTypedParameterPtr params, int n_params);

/* Adds the members of the counters that are known to the object that is open. */
void meter_to_json(const Meter *meter, JsonBuilder *builder);
/* The way back, for a log that is read again; NULL when it names no target. */
Meter *meter_from_json(const MeterKind *kind, JsonObject *object, guint place);

/* A counter's value in the unit of its name. */
double meter_value(const MeterKind *kind, guint counter, double count);
