/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"

/* The first of one VM's forwards (HostlerForward) that asks for a port which an
 * earlier range of the same protocol and host address has; `port` is set. NULL:
 * none does. */
const HostlerForward *hostler_ports_find_clash(const GPtrArray *forwards, guint *port);
