/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/record.h"
#include "plugins/forward/desired.h"

/* What the stays say of forwarded ports. */

/* Of ForwardSpan; an entry that cannot be read is said and left out. */
GArray *forward_stay_spans(const HostlerRecord *stay);
gboolean forward_stay_has_spans(const HostlerRecord *stay);

/* Of the VMs that run and have ports open (HostlerRecord), the oldest first. */
GPtrArray *forward_stays_open(HostlerHost *host);
ForwardDesired *forward_stays_desired(const GPtrArray *stays);

/* The ports of all VMs but `uuid`, of those that are only prepared, too
 * (ForwardHolding). Their names are put into `names`, which must live as long. */
GArray *forward_stays_holdings(HostlerHost *host, const char *uuid, GPtrArray *names);
