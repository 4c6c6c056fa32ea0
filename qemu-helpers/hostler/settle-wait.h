/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* Settles in full, within a deadline of its own. */
void settle_now(HostlerHost *host);
/* The same, and again whenever the half minute that ended records are left alone
 * is over for one of them, until that is so for all. Others who are called for the
 * same meanwhile leave it to the first. */
void settle_until_over(HostlerHost *host);
