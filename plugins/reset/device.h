/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* Jobs (host.h) on one device. */

/* `job->data` is a ResetDevice that is on vfio-pci and not open, else nothing is
 * done. Climbs the rungs that are the kernel's methods, up to the first of another
 * kind. Answer: a group for each that was tried, named as the rung, and in
 * HOSTLER_CLAIM_RESET "portrait" (not there: the device is in use). Fails when
 * the device is dead, or is not the one that was claimed. */
gboolean reset_climb_methods(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error);

/* A device that sleeps answers no reset. What it was told about sleeping before
 * is returned by the first and put back by the second, which also frees it. */
char *reset_keep_awake(HostlerHost *host, const char *bdf);
void reset_let_sleep(HostlerHost *host, const char *bdf, char *control);

gboolean reset_is_idle_on_vfio(HostlerHost *host, const char *bdf);
