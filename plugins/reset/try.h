/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "plugins/reset/judge.h"
#include "plugins/reset/rung.h"

/* One rung that was tried on a device, and what came of it. */
typedef struct {
	ResetRung rung;
	ResetVerdict verdict;
	char *unsound; /* why the device is not sound after it; NULL: it is */
	char *said;    /* what the kernel said against it, or why it was not tried; NULL: nothing */
	gint64 microseconds;
} ResetTry;

void reset_try_free(ResetTry *tried);
/* The device was reset and is sound: the ladder ends here. */
gboolean reset_try_is_good(const ResetTry *tried);

/* To and from a group of a job's answer; NULL: there is no such group. */
void reset_try_write(const ResetTry *tried, GKeyFile *answer, const char *group);
ResetTry *reset_try_read(GKeyFile *answer, const char *group);

/* "flr", or "the whole slot". */
const char *reset_rung_shown(ResetRung rung);
/* "was reset (flr, 102 ms)"; of several, the one that counts first. `tries` are
 * ResetTry, oldest first, and not empty. */
char *reset_tries_text(const GPtrArray *tries);
/* "flr: was reset, 102 ms". */
char *reset_try_text(const ResetTry *tried);
