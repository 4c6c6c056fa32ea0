/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* devices/<bdf>.inflight: locked by the child that works on the device. Still
 * locked when nobody waits for that child any more: the device is stuck. The
 * file is there only while it is locked, but for a child that was killed. In it
 * "PID SECONDS MICROSECONDS": since when, for people and by CLOCK_MONOTONIC; the
 * last was not there in earlier versions, whose children may still be out. */

/* The locked file, or -1: HOSTLER_ERROR_STUCK when another child has it. */
int inflight_take(HostlerHost *host, const char *bdf, GError **error);
void inflight_drop(HostlerHost *host, const char *bdf, int fd);
gboolean inflight_held(HostlerHost *host, const char *bdf);

/* "pid 1234, since 2026-01-31 22:31:05" in the admin's time zone; `since` in
 * seconds since the epoch. */
char *inflight_describe(int pid, gint64 since);
