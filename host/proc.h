/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

char *host_kernel_text(HostlerHost *host, const char *path);
char *host_kernel_log(HostlerHost *host, GError **error);
char *host_net_read(HostlerHost *host, const char *name, const char *attribute);
/* Whether it sleeps, in the kernel or for it. FALSE: it runs, or would if it got a CPU; or there is none. */
gboolean proc_sleeps(HostlerHost *host, int pid);
gboolean host_process_find(HostlerHost *host, int pid, HostlerProcess *process);

/* The text of /proc/<pid>/stat. FALSE when it is none, or of a process that
 * has ended and only waits to be reaped. */
gboolean proc_parse_stat(const char *text, HostlerProcess *process);
