/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

GArray *host_neighbours(HostlerHost *host, const char *bridge, GError **error);
int host_neighbours_listen(HostlerHost *host, GError **error);
gboolean host_neighbours_heard(HostlerHost *host, int fd, const char *const *guests);
