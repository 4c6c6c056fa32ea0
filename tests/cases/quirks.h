/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "case.h"
#include "hostler/host.h"

/* Quirk files of a case, laid out where the machine looks for them. */
void quirks_put(HostlerHost *host, const CaseQuirks *quirks);
