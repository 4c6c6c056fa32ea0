/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/finding.h"

/* What the devices of hostler_dump_read() would be to a VM on their host. */
void advice_explain_dump(const GPtrArray *dump, HostlerFindings *findings);
