/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/record.h"

/* Moves the devices of claims, all side by side, and notes in the claims what came
 * of it. */

/* FALSE with the first that did not get to vfio-pci. */
gboolean vfio_move_to_vm(HostlerHost *host, const GPtrArray *claims, GError **error);
/* A claim ends when its device is as it was found; one that is not back keeps its
 * claim, and every settle in full tries again. */
void vfio_move_back(HostlerHost *host, const GPtrArray *claims);
/* The same of claims of any VMs. `locks` are those of their devices, by BDF; each is
 * removed as soon as its device is back or known not to be, and whoever wants that one
 * does not wait for a device of another VM that hangs. */
void vfio_move_back_each(HostlerHost *host, const GPtrArray *claims, GHashTable *locks);
