/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/finding.h"
#include "paper.h"

/* What `hostler check` says: the plan first, then notes, advice and refusals, and
 * the verdict at the end, where the eye is. */

typedef enum {
	VERDICT_VM,
	VERDICT_HOST,
	VERDICT_DUMP,
	VERDICT_APPLY, /* of a VM that runs */
} VerdictKind;

typedef struct {
	const char *name; /* the VM's or, if that is not known, of the file that was to describe it; the host's */
	const char *uuid; /* may be NULL */
	VerdictKind kind;
} VerdictSubject;

/* EXIT_FINE, EXIT_ADVICE or EXIT_REFUSED. */
int verdict_status(const HostlerFindings *findings);

void verdict_print(const Paper *paper, const VerdictSubject *subject, const HostlerFindings *findings);
/* Only what was found, for who has more to say. */
void verdict_print_findings(const Paper *paper, const VerdictSubject *subject, const HostlerFindings *findings);
void verdict_add_findings(JsonBuilder *builder, const VerdictSubject *subject, const HostlerFindings *findings);
void verdict_print_json(const Paper *paper, const VerdictSubject *subject, const HostlerFindings *findings);
