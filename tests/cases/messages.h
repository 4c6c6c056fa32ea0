/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* What hostler logs, from now on, for this program. */
void messages_catch(void);
/* They go to the transcript of `host`; NULL: to stderr. */
void messages_to(HostlerHost *host);
