/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

GArray *host_listeners(HostlerHost *host, int protocol, GError **error);
char *host_listener_owner(HostlerHost *host, guint32 inode);
