/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "plugins/reset/ladder.h"

/* The last rung, of the whole host and only by `hostler reset VM --suspend`. */

/* Why it may not be taken now: a VM runs, or the host cannot sleep. FALSE with the
 * reason. `uuid` is the VM whose devices are meant. */
gboolean reset_suspend_allowed(HostlerHost *host, const char *uuid, GError **error);

/* Suspends the host, which has the devices of this VM on vfio-pci, if it may be still,
 * and judges them. FALSE with the first that is not sound, or was not reset. */
gboolean reset_by_suspend(HostlerHost *host, const char *uuid, GError **error);

/* The same of these (ResetDevice), with what came of it in their tries. */
gboolean reset_suspend_all(HostlerHost *host, const GPtrArray *devices, GError **error);
