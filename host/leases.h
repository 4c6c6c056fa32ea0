/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

char *host_lease_text(HostlerHost *host, const char *bridge, gsize *length, GError **error);
int host_leases_listen(HostlerHost *host, GError **error);
