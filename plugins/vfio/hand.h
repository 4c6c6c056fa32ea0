/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/record.h"

/* The two moves, each on one device and as a job (host.h): to the driver that
 * hands it to the VM, and back to how the claim says it was found. Both may be done again at any point
 * of having been done half. `job->data` is the claim. */

/* That driver is the claim's, `driver` in VFIO_TAKEN; without it vfio_choose_driver()
 * is asked. The answer has it under the same name, unless nothing had to be bound. */
gboolean vfio_hand_over(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error);

/* Leaves a device alone that somebody has open: HOSTLER_ERROR_VFIO_BUSY. */
gboolean vfio_give_back(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error);
