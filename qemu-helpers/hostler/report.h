/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "paper.h"

typedef enum {
	REPORT_WORDS,
	REPORT_JSON,
	REPORT_CSV,
} ReportForm;

/* What the logs in `folder` tell of all VMs, and before it of `vm` (name or UUID),
 * unless that is NULL. */
gboolean report_print(const Paper *paper, const char *folder, const char *vm, ReportForm form, GError **error);
