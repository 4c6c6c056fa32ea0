/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "book.h"

/* Takes up those of the log's lines that are of the book's run. */
void book_recall(Book *book, const char *lines);
