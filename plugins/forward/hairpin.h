/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* Lets the guests of `stays` (HostlerRecord, with ports open) reach themselves by
 * the host's address where the bridge shows its frames to iptables. */
void forward_hairpin_settle(HostlerHost *host, const GPtrArray *stays);
