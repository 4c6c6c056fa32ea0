/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* Makes /run/hostler/watch hold a link for each of `uuids` (const char *) and no
 * other, and sees to it that hostler-watch runs when there are any. Where we may
 * not write, as in hostler-watch itself, nothing is done. */
void forward_links_settle(HostlerHost *host, const GPtrArray *uuids);
