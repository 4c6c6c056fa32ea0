/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/finding.h"
#include "hostler/host.h"

/* Takes the metadata of a VM that runs over as it is now, as far as that can be done
 * without a restart. FALSE leaves everything as it was: refusals are in `findings`,
 * anything else is in `error`, too. */
gboolean hostler_apply(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings, GError **error);
