/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "hostler/error.h"

/* What a plugin sees before anything is touched. */

typedef enum {
	HOSTLER_SEVERITY_NOTE,   /* worth knowing */
	HOSTLER_SEVERITY_ADVICE, /* will hurt later; never refuses */
	HOSTLER_SEVERITY_REFUSE, /* the VM must not start like this */
} HostlerSeverity;

typedef struct {
	HostlerSeverity severity;
	HostlerErrorCode code;
	char *subject; /* BDF, "tcp port 2222", ...; NULL: the VM as a whole */
	char *text;    /* what and who, its subject named; one sentence without full stop */
	char *mend;    /* the command or setting that mends it; may be NULL */
} HostlerFinding;

typedef struct {
	GPtrArray *items; /* HostlerFinding, in the order found */
} HostlerFindings;

HostlerFindings *hostler_findings_new(void);
void hostler_findings_free(HostlerFindings *findings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostlerFindings, hostler_findings_free)

/* `subject` and `mend` may be NULL and are copied. What is there already, word for
 * word, is not added again. */
void hostler_findings_add(HostlerFindings *findings, HostlerSeverity severity, HostlerErrorCode code,
			  const char *subject, const char *mend, const char *format, ...)
	G_GNUC_PRINTF(6, 7);

HostlerSeverity hostler_findings_worst(const HostlerFindings *findings);

/* FALSE and the first refusal as an error, text and mend, when there is one. */
gboolean hostler_findings_allow(const HostlerFindings *findings, GError **error);
