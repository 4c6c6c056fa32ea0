/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "echo.h"
#include "hostler/record.h"
#include "log.h"
#include "prometheus.h"

/* All VMs that are sampled, each when it is due. */
typedef struct _Sampler Sampler;

/* Borrows log and echo. `uri`: of libvirt; NULL: of the daemon that lives. `echo`:
 * NULL: round trips are not measured. */
Sampler *sampler_new(Log *log, const char *uri, Echo *echo);
void sampler_free(Sampler *sampler);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sampler, sampler_free)

/* Every book has its last figures there as well; borrowed. */
void sampler_publish(Sampler *sampler, Prometheus *prometheus);

/* We leave, and VMs may go on: what only holds while somebody measures is withdrawn. */
void sampler_withdraw(Sampler *sampler);

/* A VM runs, or its stay was written again. Takes the stay. */
void sampler_enter(Sampler *sampler, HostlerRecord *stay);
/* Samples those that have entered, at once and, as far as they are known to answer, together. */
void sampler_begin(Sampler *sampler);
/* It has stopped and libvirt has not released it yet: there is nothing to sample. */
void sampler_rest(Sampler *sampler, const char *uuid);
/* It is gone: writes its report. FALSE when that failed and is to be tried again.
 * Takes the stay, which may be of a VM never met. */
gboolean sampler_leave(Sampler *sampler, HostlerRecord *ended);
/* Reports those VMs that are not among `uuids`: their stay vanished without a word. */
void sampler_drop_others(Sampler *sampler, GHashTable *uuids);
