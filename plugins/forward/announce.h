/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* Has the kernel listen to guests that announce their address unasked, on the bridges
 * of `stays`, which are open, that have a guest to be found; and on others no more. */
void forward_announce_settle(HostlerHost *host, const GPtrArray *stays);
