/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/finding.h"
#include "hostler/host.h"
#include "hostler/record.h"
#include "plugins/vfio/device.h"

/* The desktop of a host whose graphics card goes to a VM: put aside before, and
 * taken back after, where <passthrough display='release'/> says so. What is to be
 * changed stands in the claim of the first card (group "display") before it is
 * changed, and goes from there when it is as it was: a return that breaks off is
 * ended by the next settle. */

/* Adds to a device's facts, in a job, whether the host is seen on it. */
gboolean vfio_display_read(HostlerHost *host, const char *bdf, GKeyFile *answer, GError **error);

typedef enum {
	VFIO_DISPLAY_NONE,    /* nothing is said of who uses the device */
	VFIO_DISPLAY_PASSES,  /* who uses it does not stand in the way */
	VFIO_DISPLAY_REFUSED, /* it is the host's display, and the setting that mends it is said */
} VfioDisplay;

/* Of a card, or of the sound function in its slot; `devices` are all that were
 * read, this one among them. */
VfioDisplay vfio_display_check(const HostlerDomain *domain, const VfioDevices *devices, const HostlerJob *device,
			       HostlerFindings *findings);
/* Whoever uses this device will be waited for. */
gboolean vfio_display_waits_for(const HostlerDomain *domain, const VfioDevices *devices, const HostlerJob *device);

/* Between the claims and the hand-over. May take two minutes, by which the
 * host's deadline is then later. On FALSE the devices are to be given back, as
 * after a hand-over that failed: that undoes what was done. */
gboolean vfio_display_release(HostlerHost *host, const HostlerDomain *domain, const GPtrArray *claims,
			      GError **error);

/* Before devices are given back: the modules of their drivers. */
void vfio_display_load(HostlerHost *host, const GPtrArray *claims);

/* When a claim's device is back, and before the claim is forgotten. FALSE: not
 * all is as it was, and the claim is to be kept for the next settle. */
gboolean vfio_display_restore(HostlerHost *host, HostlerRecord *claim);
