/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

gboolean host_port_hairpin(HostlerHost *host, const char *port, GError **error);
