/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "kinds.h"

/* What kinds.c adds up and kinds-show.c shows. */

/* What is added up of a device: the counters' names, of which the first two are
 * bytes there and back, the next two operations. */
typedef struct {
	const char *names[10];
} Summed;

enum { IN_BYTES, OUT_BYTES, IN_OPS, OUT_OPS, FLUSH_OPS, READ_SECONDS, WRITE_SECONDS, FLUSH_SECONDS };
enum { RX_DROPS = 4, TX_DROPS = 5 };

typedef struct {
	const Summed *summed;
	char *name;
	char *cache; /* of disks */
	GHashTable *devices; /* set of "uuid target" */
	guint runs;
	double seconds; /* of all runs */
	double sums[10];
	double peaks[4];
	double round_trips; /* sum of means */
	double longest_round_trip;
	guint with_round_trip;
} Kind;

struct _Kinds {
	GPtrArray *disks; /* Kind */
	GPtrArray *nics;
};

extern const Summed kinds_disk_sums;
extern const Summed kinds_nic_sums;
