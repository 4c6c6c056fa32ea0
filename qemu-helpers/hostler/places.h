/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/plugin.h"

/* What hostler needs around it, for `hostler status`. */

/* libvirt starts a VM without a word when a hook is missing or not executable. */
void places_show_hooks(const HostlerSink *sink, const char *hook_dir);
/* hostler-metrics and hostler-watch hold a lock on the folder that they serve. A call for a settle that nobody
 * has taken away is systemd's to answer: elsewhere nobody leaves one that counts. */
gboolean places_have_systemd(void);
void places_show_helpers(HostlerHost *host, const HostlerSink *sink, gboolean by_systemd);
