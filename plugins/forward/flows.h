/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"
#include "plugins/forward/ruleset.h"

/* After a change from what was `held` to what is `known` (both ForwardElement, in
 * their order): ends connections that still go where a port led, and over UDP those
 * to the host itself on a port that leads to a guest now. What cannot be ended is
 * said, and goes on until it is silent. */
void forward_flows_end(HostlerHost *host, ForwardFamily family, const GArray *held, const GArray *known);
