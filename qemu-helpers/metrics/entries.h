/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "book.h"

/* The text of each line of the log, newline included, to be freed by the caller.
 * They only read the book. */

char *entry_start(const Book *book);
char *entry_sample(const Book *book, const Sample *sample);
/* `stall`, `resume` or `gap`; `reason` may be NULL. `missing`: of what; NULL: of all. */
char *entry_absence(const Book *book, const char *event, double seconds, const char *reason, const char *missing);
/* `at`: when the VM was gone. */
char *entry_report(const Book *book, double at, const char *reason);
