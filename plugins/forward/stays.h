/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/record.h"
#include "plugins/forward/ruleset.h"

/* What the stays say of forwarded ports. */

/* Of ForwardSpan; an entry that cannot be read is said and left out. */
GArray *forward_stay_spans(const HostlerRecord *stay);
gboolean forward_stay_has_spans(const HostlerRecord *stay);
/* Its VM runs. */
gboolean forward_stay_is_open(const HostlerRecord *stay);

/* Of the VMs that are alive and have ports, those that are only prepared, too
 * (HostlerRecord), the oldest first. */
GPtrArray *forward_stays_alive(HostlerHost *host);
/* Of these those that run and have their ports open. */
GPtrArray *forward_stays_open(HostlerHost *host);
/* Where guests without a reserved address are is put into the spans as far as it is
 * known; `held` as below. */
void forward_stay_find_guests(HostlerHost *host, const HostlerRecord *stay, GArray *spans,
			      const ForwardRuleset *held);

/* Ports of VMs that are only prepared are reserved, no more. `held` is what the kernel
 * has: where guests without a reserved address were found before. */
ForwardDesired *forward_stays_desired(HostlerHost *host, const GPtrArray *stays, const ForwardRuleset *held);

/* The MACs of the guests of open stays that are to be found, lower case. */
GStrv forward_stays_floating(HostlerHost *host);
