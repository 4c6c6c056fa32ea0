/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How hostler-display ends; what went wrong is the one line on its stdout. */
typedef enum {
	HOSTLER_DISPLAY_DONE = 0,
	HOSTLER_DISPLAY_FAILED = 1,
	HOSTLER_DISPLAY_USAGE = 2,
	HOSTLER_DISPLAY_STOPPING = 3,  /* the host goes down: nothing was done */
	HOSTLER_DISPLAY_TIME_OVER = 4, /* systemd has the order, and is not done with it */
} HostlerDisplayExit;
