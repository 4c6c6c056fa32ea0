/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/event.h"
#include "hostler/finding.h"
#include "hostler/host.h"
#include "hostler/plugin.h"

/* A VM's way through the house: which plugin is asked what, in which order, and
 * what is undone when one says no. */

/* One call of the qemu hook with libvirt's XML. FALSE is a refusal, and only
 * `prepare` and `start` refuse; `error` is then the line for the user. */
gboolean hostler_lifecycle_run(HostlerHost *host, const HostlerEvent *event, const char *xml, gsize length,
			       GError **error);

/* Says why the call failed, with the VM's name and what may be behind it, in `error`
 * and in the journal. `uuid` may be NULL. */
void hostler_lifecycle_tell(HostlerHost *host, const HostlerEvent *event, const char *uuid, GError **error);

/* Takes the groups of a plugin out of a stay: its metadata no longer asks for it. */
void lifecycle_forget_groups(HostlerRecord *stay, const char *plugin);

/* Makes the host match the records, for all plugins. What another run has in
 * its hands is left to that one. */
void hostler_lifecycle_settle(HostlerHost *host, HostlerSettleDepth depth);

/* `stopped` and `release` at once, for what this run has taken itself. */
void hostler_lifecycle_down(HostlerHost *host, const char *uuid);

/* What `prepare` would find. Reads only. */
void hostler_lifecycle_check(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings);
/* The same without a VM. */
void hostler_lifecycle_check_host(HostlerHost *host, HostlerFindings *findings);
