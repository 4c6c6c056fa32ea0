/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "paper.h"
#include "run-log.h"

/* One run in words: when, how long, why it ended, what each disk and NIC came to,
 * beside what it came to in the runs before. */
void run_print(const Paper *paper, const Run *run, JsonObject *figures);
