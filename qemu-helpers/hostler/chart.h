/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "paper.h"
#include "run-log.h"

/* Draws how much each disk and NIC of the run did over time: a line for each way,
 * as high as its own peak. Nothing when there are fewer than two samples. */
void chart_print(const Paper *paper, const Run *run);
