/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host/users/mounts.h"

/* Says what stands on a block device, on its holders and on theirs: "LEAD
 * mounted on /", "LEAD part of the LVM volume vg-root, which is mounted on /".
 * FALSE: nothing does. */
gboolean holders_say(Search *search, const Mounts *mounts, const char *name, const char *lead);
