/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The two questions by which a reset is judged, asked of the device itself.
 * Only from within a job. */

/* --- is it sound? --- */

/* Does it answer, as the device that the kernel knows? HOSTLER_ERROR_RESET_DEAD
 * when not. */
gboolean reset_is_alive(HostlerHost *host, const char *bdf, GError **error);

/* What its configuration space says of it before anything is done to it, as a
 * text to be kept. NULL with HOSTLER_ERROR_RESET_DEAD when it does not answer. */
char *reset_portrait_take(HostlerHost *host, const char *bdf, GError **error);
/* Why the device is not as in its portrait, or not ready: a phrase. NULL: it is. */
char *reset_unsound(HostlerHost *host, const char *bdf, const char *portrait);

/* --- was it reset? --- */

/* A register that the kernel does not put back after a reset is set before: the
 * address of an MSI capability that is not enabled. */
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
	RESET_NOT_TAKEN, /* it was not even tried */
	RESET_N_VERDICTS
} ResetVerdict;

/* Puts the register back when it kept what was set. */
ResetVerdict reset_witness_judge(HostlerHost *host, const char *bdf, const ResetWitness *witness);
const char *reset_verdict_text(ResetVerdict verdict);
