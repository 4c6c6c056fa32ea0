/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "book.h"

/* Takes up those of the log's lines that are of the book's run. */
void book_recall(Book *book, const char *lines);
/* Looks through more of them, for what only the report tells. */
void book_recall_peaks(Book *book, const char *lines);
