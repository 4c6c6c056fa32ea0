/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "plugins/forward/ruleset.h"

/* Of the ports that are to be reserved those that the same VM has not in `ruleset`. Pure. */
ForwardDesired *forward_missing(const ForwardDesired *wanted, const ForwardRuleset *ruleset);
