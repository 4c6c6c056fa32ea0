/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "paper.h"

/* A line of CSV (RFC 4180): texts, NULL at the end, and a figure. What a
 * spreadsheet would take for a formula is marked as text. */
void csv_print(const Paper *paper, const char *const *texts, double value);
