/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "plugins/forward/change.h"

/* The changes (ForwardChange) as one netlink transaction, which the kernel takes
 * only as long as its ruleset is still of `generation`. Pure. */
GByteArray *forward_batch(const GArray *changes, guint32 generation);
