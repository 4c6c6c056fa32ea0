/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/record.h"

/* The two moves, each on one device and as a job (host.h): to the driver that
 * hands it to the VM, which vfio_choose_driver() names, and back to how the claim
 * says it was found. Both may be done again at any point of having been done half.
 * `job->data` is the claim. */

gboolean vfio_hand_over(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error);

/* Leaves a device alone that somebody has open: HOSTLER_ERROR_VFIO_BUSY. */
gboolean vfio_give_back(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error);
