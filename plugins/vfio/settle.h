/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/plugin.h"

/* Returns what no live VM owns; in passing it only sees whether there is any. */
void vfio_settle(HostlerHost *host, HostlerSettleDepth depth);
