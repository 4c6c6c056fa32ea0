/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The two questions by which a reset is judged, asked of the device itself.
 * Only from within a job. */

/* Does it answer? HOSTLER_ERROR_RESET_DEAD when its configuration space is all ff. */
gboolean reset_is_sound(HostlerHost *host, const char *bdf, GError **error);

/* Was it reset? A register that the kernel does not put back after a reset is
 * set before: the address of an MSI capability that is not enabled. */
typedef struct {
	guint offset; /* 0: the device has no such register */
	guint32 before;
	guint32 set;
} ResetWitness;

void reset_witness_set(HostlerHost *host, const char *bdf, ResetWitness *witness);

typedef enum {
	RESET_DONE,
	RESET_NOT_DONE, /* the register kept its value */
	RESET_UNPROVEN, /* the device has no register to tell by */
} ResetVerdict;

/* Puts the register back when it kept what was set. */
ResetVerdict reset_witness_judge(HostlerHost *host, const char *bdf, const ResetWitness *witness);
const char *reset_verdict_text(ResetVerdict verdict);
