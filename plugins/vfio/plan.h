/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/finding.h"
#include "hostler/host.h"
#include "plugins/vfio/device.h"

/* What a VM takes from the host: the devices it lists, and companions, members of
 * their IOMMU groups that it does not list and that would otherwise keep it from
 * having them. */
typedef struct {
	const HostlerJob *device;
	const char *with; /* of a companion: the listed device it goes along with; NULL: listed */
} VfioMember;

typedef struct {
	GPtrArray *bdfs;      /* of all that was looked at, the listed ones first */
	VfioDevices *devices; /* what was read of them */
	GArray *taken;        /* VfioMember, in BDF order */
} VfioPlan;

typedef enum {
	VFIO_PLAN_FIRST, /* asks who uses the devices, too */
	VFIO_PLAN_AGAIN, /* under the same locks, moments later */
} VfioPlanDepth;

/* Reads only. What stands in the way becomes a refusal in `findings`, what is
 * taken a note; the plan holds if there is no refusal. */
VfioPlan *vfio_plan_make(HostlerHost *host, const HostlerDomain *domain, VfioPlanDepth depth,
			 HostlerFindings *findings);
void vfio_plan_free(VfioPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VfioPlan, vfio_plan_free)
