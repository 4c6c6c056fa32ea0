/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "plugins/reset/slot-rung.h"

/* The rung remove_rescan: the kernel forgets all functions of a slot and finds
 * them again. What is lost on the way is found by the next settle. */

/* A phrase; NULL: no driver of the host would take a function when it is found. */
char *reset_rescan_objection(HostlerHost *host, const ResetSlot *slot);
/* Notes in each claim that its device may be gone for a while. */
void reset_rescan_announce(HostlerHost *host, const ResetSlot *slot);
/* Within the job on the slot. */
gboolean reset_remove_and_rescan(HostlerHost *host, const ResetSlot *slot, GError **said);

/* The note, once the device is there again. TRUE: there was one. */
gboolean reset_rescan_forget(HostlerHost *host, HostlerRecord *claim);
/* Has the kernel look for those of `claims` whose device was removed by a run that
 * did not come to the end of it. TRUE: some were found. */
gboolean reset_rescan_lost(HostlerHost *host, const GPtrArray *claims);
