/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/plugin.h"

/* Returns what no live VM owns; in passing it only sees whether there is any. */
void vfio_settle(HostlerHost *host, HostlerSettleDepth depth);
/* Whether a running VM does not have the claim's device any more. */
gboolean vfio_has_left(HostlerHost *host, const HostlerRecord *claim);
