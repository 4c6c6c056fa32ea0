/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "plugins/reset/quirk.h"

/* The ladder of one device. */
typedef struct {
	ResetRung rungs[RESET_N_RUNGS];
	guint n_rungs;
	guint never;             /* RESET_RUNG_BIT()s */
	const ResetQuirk *quirk; /* that says so; NULL: nothing special is known. Of the quirks it was made from */
} ResetPlan;

/* What it is, from the group HOSTLER_CLAIM_IDENTITY of a claim or an answer. */
ResetIdentity reset_identity_read(GKeyFile *from);
void reset_plan_make(ResetPlan *plan, const ResetQuirks *quirks, const ResetIdentity *device);

/* Of the kernel's methods in `list` those that the plan allows, in its order, as
 * reset_method takes them. */
char *reset_plan_methods(const ResetPlan *plan, const char *list);
gboolean reset_list_has(const char *list, const char *method);
