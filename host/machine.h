/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The running machine: a HostlerHost that hostler_host_open() made. */
typedef struct {
	HostlerHost host;     /* first, so that the one is the other */
	char *root;           /* "" here; tests bring a tree of their own */
	char *settle_program; /* a child that comes back late runs it with "settle" */
	int channel;          /* of a job's child, to whom waits for it; -1: we are none */
} Machine;

/* `root` is put before every path of the kernel's, libvirt's and the system's
 * (/sys, /proc, /run/libvirt, /etc, /sbin), `run_dir` is taken as it is. */
HostlerHost *machine_open(const char *root, const char *run_dir);

/* `root`, then the absolute path `first`, then the components that follow. */
char *machine_path(const HostlerHost *host, const char *first, ...) G_GNUC_NULL_TERMINATED;

/* "FORMAT: errno in words"; ABSENT when there is no such file, HOST otherwise, and
 * so for a device that is just going away (ENODEV). */
void machine_error(GError **error, int errnum, const char *format, ...) G_GNUC_PRINTF(3, 4);
