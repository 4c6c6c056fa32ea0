/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "echo.h"
#include "hostler/record.h"
#include "links.h"
#include "sample.h"

/* A VM's NICs as the host's interfaces, and their counters from the guest's side. */
typedef struct _Nics Nics;

/* Those of the stay that have an interface on the host. An SR-IOV function that was
 * passed through is counted by the physical one: it gets a target in the stay, and is
 * not unmeasured any more. `links` may be NULL. */
Nics *nics_new(HostlerRecord *stay, Links *links);
/* Whether a stay that was read again says the same of them as the one that they are of. */
gboolean nics_are_listed_by(const Nics *nics, const HostlerRecord *stay);
/* Adds those that were plugged in later. `targets`: char * or NULL, by place. */
void nics_learn(Nics *nics, const GPtrArray *targets);
/* Writes what was found of functions into another stay of the same QEMU: once that has
 * ended nobody knows it any more. */
void nics_carry_over(const Nics *nics, HostlerRecord *stay);
/* Before the echo that was sent by. */
void nics_free(Nics *nics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Nics, nics_free)

/* Adds the NICs to the sample, of the last links_read(), which has what the kernel knows
 * of QEMU by then. One that was unplugged is marked gone, and forgotten. */
void nics_read(Nics *nics, Links *links, Sample *sample);

/* One to each NIC whose address is known; what comes back is in the next sample. */
void nics_send_echoes(Nics *nics, Links *links, Echo *echo);
