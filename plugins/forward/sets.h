/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "plugins/forward/ruleset.h"

/* Reads `sets` and `elements` of a table; with `keys`, elements that are not at one of these,
 * and are no spans, are left out. */
gboolean forward_sets_read(HostlerHost *host, ForwardFamily family, ForwardTable *ours, const GArray *keys,
			   GError **error);
