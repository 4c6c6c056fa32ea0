/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The slot, for who wants to know: FALSE when the ports may not be as the records
 * say, for the lock could not be had or the kernel refused. That is logged. */
gboolean forward_settle(HostlerHost *host);
