/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What cannot be written just now, and what of it has been said: once for all files
 * with the same trouble. */
typedef struct _Trouble Trouble;

Trouble *trouble_new(void);
void trouble_free(Trouble *trouble);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trouble, trouble_free)

/* TRUE: that is news. */
gboolean trouble_failed(Trouble *trouble, const char *file, const char *message);
/* TRUE: it was the last one in trouble. A file is out of it after two successes in a
 * row: on a full disk a short line may still find room. */
gboolean trouble_worked(Trouble *trouble, const char *file);
/* The file is no longer wanted. TRUE: it was the last one in trouble, and worked last time. */
gboolean trouble_forget(Trouble *trouble, const char *file);
