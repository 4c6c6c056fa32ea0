/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/record.h"
#include "plugins/forward/desired.h"

/* What the stays say of forwarded ports. */

/* Of ForwardSpan; an entry that cannot be read is said and left out. */
GArray *forward_stay_spans(const HostlerRecord *stay);
gboolean forward_stay_has_spans(const HostlerRecord *stay);

/* Of the VMs that are alive and have ports, those that are only prepared, too
 * (HostlerRecord), the oldest first. */
GPtrArray *forward_stays_alive(HostlerHost *host);
/* Of these those that run and have their ports open. */
GPtrArray *forward_stays_open(HostlerHost *host);
/* Ports of VMs that are only prepared are reserved, no more. */
ForwardDesired *forward_stays_desired(const GPtrArray *stays);
