/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* How large the device's BARs are: as the kernel has them, and as a device that
 * can resize them says itself. Only from within a job. */

#define RESET_N_BARS 6

typedef struct {
	guint64 known[RESET_N_BARS];   /* 0: there is none */
	guint64 resized[RESET_N_BARS]; /* 0: it cannot be resized */
} ResetBarSizes;

void reset_bar_sizes_read(HostlerHost *host, const char *bdf, ResetBarSizes *sizes);
/* What is not as it was then, or that the kernel gave a BAR its address and the
 * register lacks it: a phrase. NULL: nothing. `config` has 256 bytes; NULL: its
 * registers say nothing of its BARs. */
char *reset_bars_judge(HostlerHost *host, const char *bdf, const guint8 *config, const ResetBarSizes *then);
