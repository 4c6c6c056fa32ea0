/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/finding.h"
#include "paper.h"

/* What `hostler check` says: the plan first, then notes, advice and refusals, and
 * the verdict at the end, where the eye is. `vm` is the VM's name or, if that is not known, the
 * file that was to describe it. */

/* EXIT_FINE, EXIT_ADVICE or EXIT_REFUSED. */
int verdict_status(const HostlerFindings *findings);

void verdict_print(const Paper *paper, const char *vm, const HostlerFindings *findings);
/* `uuid` may be NULL. */
void verdict_print_json(const Paper *paper, const char *vm, const char *uuid, const HostlerFindings *findings);
