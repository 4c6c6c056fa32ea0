/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/host.h"

/* What is done besides with the devices of the VM `uuid` while they are ours. */
typedef gboolean (*HostlerLastRung)(HostlerHost *host, const char *uuid, GError **error);

/* `hostler reset`: takes the devices of a VM that does not run as `prepare` would,
 * which resets them, then has `last` (may be NULL) called, whether or not that
 * helped, and gives them back. Of the domain nothing but its devices counts; it is
 * changed. `said` takes a line (char *) for each device. FALSE when they may not be had
 * now, or one is not sound in the end. */
gboolean hostler_lifecycle_reset(HostlerHost *host, HostlerDomain *domain, HostlerLastRung last, GPtrArray *said,
				 GError **error);
