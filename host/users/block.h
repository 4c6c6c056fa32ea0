/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host/users/search.h"

GPtrArray *blocks_new(void);
/* Says what is mounted, swapped to and built upon below the device, and adds the nodes. */
gboolean blocks_see(Search *search, GError **error);
/* After everything else: says which of those that nobody spoke of cannot be had all the same. */
void blocks_try(Search *search);
