/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/record.h"
#include "plugins/reset/plan.h"
#include "plugins/reset/try.h"

/* One device on its way up the ladder. Jobs see it as it was at their fork. */
typedef struct {
	HostlerRecord *claim; /* the caller's */
	ResetPlan plan;
	guint next;         /* rung of the plan that comes next */
	gboolean is_looked; /* a job has looked at it */
	gboolean is_ours;   /* on vfio-pci and not open: may be reset */
	gboolean is_good;   /* was reset and is sound: no further rung */
	GError *error;      /* it is dead or did not answer: no further rung either */
	char *portrait;     /* of before the first rung */
	GPtrArray *tries;   /* ResetTry, oldest first */
} ResetDevice;

GPtrArray *reset_devices_new(const GPtrArray *claims, const ResetQuirks *quirks);
ResetDevice *reset_device_find(const GPtrArray *devices, const char *bdf);

/* Resets them, those of one slot together where one alone cannot be: each climbs
 * until it was reset and is sound. FALSE with the first that is dead, not sound
 * in the end, or did not come back. */
gboolean reset_ladder_climb(HostlerHost *host, const GPtrArray *devices, GError **error);

/* Whether rungs are left that could be tried. */
gboolean reset_device_climbs(const ResetDevice *device);
void reset_device_take(ResetDevice *device, ResetTry *tried);
