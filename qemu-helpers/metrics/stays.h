/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"
#include "sampler.h"

/* The folders vms/ and ended/, watched. One hostler-metrics serves the host: while
 * it does it holds an exclusive flock on vms/. */
typedef struct _Stays Stays;

/* Sets `stays` to NULL, without an error, when there is nothing to serve or
 * another process does. Borrows host and sampler. `loop` ends when there is
 * nothing left to do. */
gboolean stays_open(Stays **stays, HostlerHost *host, Sampler *sampler, GMainLoop *loop, GError **error);
void stays_free(Stays *stays);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stays, stays_free)
