/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "plugins/reset/ladder.h"

/* The rungs that all functions of a slot take together, or none: what resets them
 * is above them. */

/* Takes each device whose next rung is one of these a rung further. FALSE when
 * the kernel did not come back from one: some of the functions are stuck then. */
gboolean reset_climb_slots(HostlerHost *host, const GPtrArray *devices, GError **error);
