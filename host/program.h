/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* Executes `argv` and waits for it, for `microseconds` at most and never beyond
 * the host's deadline. TRUE: it ended, `status` is as waitpid() gives it and
 * `answer`, which may be NULL, the first line of its stdout, owned by the
 * caller. FALSE with HOSTLER_ERROR_DEADLINE: it was killed and left behind. */
gboolean program_run(HostlerHost *host, const char *const *argv, gint64 microseconds, char **answer, int *status,
		     GError **error);
