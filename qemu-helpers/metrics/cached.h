/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "book.h"

/* Which share, 0 to 1, of what the guest read did not come from the host's disks
 * but from its memory. -1: nobody can tell. */
double book_cached_share(const Book *book);
