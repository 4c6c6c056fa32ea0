/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"
#include "hostler/record.h"

/* The steps by which a desktop is put aside; display.c takes them in order. Each
 * notes in the claim what it is about to change. */

typedef struct {
	HostlerHost *host;
	HostlerRecord *claim; /* of the first card */
	GPtrArray *cards;     /* HostlerRecord, borrowed */
	GPtrArray *bdfs;      /* of the cards and their sound, borrowed */
	gint64 until;         /* ops->monotonic() at which all of it must be done */
} VfioRelease;

/* For what only the kernel's or systemd's answer is waited for. */
#define VFIO_RELEASE_STEP_SECONDS 10

/* The host's deadline is that many seconds away now, or at the end of all. */
void vfio_release_give_time(const VfioRelease *release, gint64 seconds);

gboolean vfio_release_stop_manager(const VfioRelease *release, GError **error);
/* Until nobody has one of the devices open. */
gboolean vfio_release_wait(const VfioRelease *release, GError **error);

gboolean vfio_release_unbind_consoles(const VfioRelease *release, GError **error);
/* The way back of the last, from the claim alone; an error unless all is done. */
HostlerJobState vfio_release_rebind_consoles(HostlerHost *host, HostlerRecord *claim, GError **error);
