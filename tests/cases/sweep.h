/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "case.h"

/* Adds tests that play the case again and again, each time with something going
 * wrong at another door, and then want all to be as found. */
void sweep_add(const char *name, const Case *test_case);
