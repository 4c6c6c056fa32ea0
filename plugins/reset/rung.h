/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The rungs of the ladder, by the names that quirk files give them. The first
 * seven are the kernel's own methods, in its order and by its names. */
typedef enum {
	RESET_RUNG_DEVICE_SPECIFIC,
	RESET_RUNG_ACPI,
	RESET_RUNG_FLR,
	RESET_RUNG_AF_FLR,
	RESET_RUNG_PM,
	RESET_RUNG_BUS,
	RESET_RUNG_CXL_BUS,
	RESET_RUNG_HOT_RESET,     /* the slot by VFIO: the kernel checks whose it is */
	RESET_RUNG_SLOT,          /* reset_subordinate of the port above */
	RESET_RUNG_D3COLD,        /* the slot without power for a moment */
	RESET_RUNG_REMOVE_RESCAN, /* the kernel forgets the slot and finds it again */
	RESET_RUNG_SUSPEND,       /* the whole host asleep; by hand only, and in no quirk */
	RESET_N_RUNGS
} ResetRung;

#define RESET_RUNG_BIT(rung) (1u << (rung))

const char *reset_rung_name(ResetRung rung);
/* FALSE: no rung is called so. */
gboolean reset_rung_find(const char *name, ResetRung *rung);
/* All names that a quirk may name, NULL at the end. */
const char *const *reset_rung_names(void);
/* One of the kernel's, asked for by reset_method. */
gboolean reset_rung_is_method(ResetRung rung);
