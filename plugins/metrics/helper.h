/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* hostler-metrics as the hooks see it. One process serves the host; while it
 * lives it holds an exclusive flock on the folder of the stays. */
gboolean metrics_helper_runs(HostlerHost *host);

/* Starts it where no systemd does, when there is something for it to do. */
void metrics_helper_wake(HostlerHost *host);

/* A VM's file for Prometheus goes with the VM, also when nobody measures any more. */
void metrics_helper_remove_file(HostlerHost *host, const char *uuid);

/* The log folder, for hosts where no systemd makes it. */
void metrics_helper_make_log_dir(HostlerHost *host);
