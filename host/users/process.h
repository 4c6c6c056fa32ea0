/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The processes that there are but our own, lowest number first (int); NULL with an error. */
GArray *processes_list(HostlerHost *host, GError **error);
/* As a person reads it: "postgres"; NULL: it is gone. */
char *process_name(HostlerHost *host, int pid);
/* A path below its folder: "fd", "ns/mnt". */
char *process_path(HostlerHost *host, int pid, const char *rest);
