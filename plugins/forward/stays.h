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

/* All that have ports, also of VMs that have ended (HostlerRecord). */
GPtrArray *forward_stays_all(HostlerHost *host);
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
 * has: where guests without a reserved address were found before. Of VMs whose UUIDs
 * are not in `whole` (NULL: all are) only the first port of each span is named. */
ForwardDesired *forward_stays_desired(HostlerHost *host, const GPtrArray *stays, GHashTable *whole,
				      const ForwardRuleset *held);
/* Where the kernel may have elements of these VMs, dead or alive: in the same measure. */
ForwardDesired *forward_stays_keys(const GPtrArray *stays, GHashTable *whole);

/* The guests of open stays that are to be found: their MACs, lower case, and the addresses that the kernel leads
 * to, where somebody else may come to be. */
GStrv forward_stays_floating(HostlerHost *host);
