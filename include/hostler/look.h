/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/host.h"

/* What is read of a device before any `check` of a VM that lists it: once, by one
 * job for all plugins, since a job costs more than what it reads. The job is
 * vfio's. In the look are HOSTLER_CLAIM_IDENTITY and HOSTLER_CLAIM_FOUND as in a
 * claim, and a group of each plugin's own that has the slot `look`. */

/* Within the job: has the plugins that the VM concerns look. */
void hostler_look(HostlerHost *host, const HostlerDomain *domain, const char *bdf, GKeyFile *answer);
/* Keeps the answer of such a job for the rest of this run, if it was done. */
void hostler_look_keep(HostlerHost *host, const HostlerJob *job);
/* NULL: nobody could look at it in this run. The host's. */
GKeyFile *hostler_look_find(HostlerHost *host, const char *bdf);
