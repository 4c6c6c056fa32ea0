/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The job doors of HostlerHostOps. */

void host_run_jobs(HostlerHost *host, HostlerJob *jobs, gsize n_jobs, HostlerJobFunc func);
gboolean host_job_in_flight(HostlerHost *host, const char *bdf);
