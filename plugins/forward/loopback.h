/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* Bridges (char *) that must be guarded: those with open forwards when one of the VMs asks for 127.0.0.0/8,
 * and those of which we have set route_localnet and not put it back; sorted, none twice. `stays` are alive. */
GPtrArray *forward_loopback_guarded(HostlerHost *host, const GPtrArray *stays);

/* Before rules go: what we set for bridges that want it no more is put back. */
void forward_loopback_end(HostlerHost *host, const GPtrArray *stays);
/* After rules have come. */
void forward_loopback_begin(HostlerHost *host, const GPtrArray *stays);
