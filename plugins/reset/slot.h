/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* A card whose functions have no reset of their own is reset as a whole, by the
 * port above it: all functions or none. */

/* Resets the slots of those among `bdfs` (sorted, all of one VM) that were not
 * reset by themselves, when everything below their port is among `bdfs`, on
 * vfio-pci and not open. `answers[i]` is what the job on the i-th said, and is
 * brought up to date. FALSE when the kernel did not come back from one: some of
 * the functions are stuck then. */
gboolean reset_slots(HostlerHost *host, const GPtrArray *bdfs, GKeyFile *const *answers, GError **error);
