/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* Jobs (host.h) on one device. */

/* Answer: "methods", what the kernel knows. Fails when the device is dead. */
gboolean reset_look(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error);

/* `job->data` is the claim. Resets a device that is on vfio-pci and not open, and says how it went in the
 * group HOSTLER_CLAIM_RESET of its answer: "methods" (not there: the device was
 * in use), "verdict", "how" (the method that did it), "microseconds", "kernel"
 * (what the kernel said against it). Fails when the device is dead, or is not
 * the one that was claimed. */
gboolean reset_device(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error);

/* A device that sleeps answers no reset. What it was told about sleeping before
 * is returned by the first and put back by the second, which also frees it. */
char *reset_keep_awake(HostlerHost *host, const char *bdf);
void reset_let_sleep(HostlerHost *host, const char *bdf, char *control);

gboolean reset_is_idle_on_vfio(HostlerHost *host, const char *bdf);
