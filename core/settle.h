/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/plugin.h"

/* hostler_lifecycle_settle(), for who has made sure that there are records. */
void settle_all(HostlerHost *host, HostlerSettleDepth depth);
