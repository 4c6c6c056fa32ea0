/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

gboolean host_port_hairpin(HostlerHost *host, const char *port, GError **error);
gboolean host_route_localnet(HostlerHost *host, const char *bridge, gboolean on, GError **error);
gboolean host_arp_accept(HostlerHost *host, const char *bridge, gboolean on, GError **error);
