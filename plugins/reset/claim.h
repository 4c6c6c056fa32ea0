/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/record.h"

/* A claim with what the ladder wrote into it. A reset that was done is not undone
 * because that cannot be kept: it is said in the log. */
void reset_claim_store(HostlerHost *host, const HostlerRecord *claim);
