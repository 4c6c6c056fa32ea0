/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host/users/search.h"

/* Says so when no keyboard would be left. */
void keyboard_see(Search *search);
