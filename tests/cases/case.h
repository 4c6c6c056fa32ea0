/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "hostler/domain.h"

/* One case file; README.md says how it is written. */

typedef struct {
	char *label; /* "" for the first, or as in "--- domain LABEL" */
	char *xml;
	HostlerDomain *domain;
} CaseDomain;

/* "--- quirks NAME [MODE]": a file of the admin's; NAME "shipped": what we install. */
typedef struct {
	char *name;
	int mode;
	char *text;
} CaseQuirks;

typedef struct {
	char *path;
	char *head; /* of the file, up to and with the line "--- expect" */
	char *host;
	GPtrArray *domains; /* CaseDomain */
	GPtrArray *quirks;  /* CaseQuirks */
	GStrv operations;
	char *expect;
	gboolean sweep; /* to be killed at every door as well */
} Case;

Case *case_load(const char *path, GError **error);
/* The same of a text; `path` is what it is called. */
Case *case_parse(const char *path, const char *text, GError **error);
void case_free(Case *test_case);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Case, case_free)

/* NULL: no domain of that label. */
const CaseDomain *case_domain(const Case *test_case, const char *label);
/* The file again, with `expect` in the place of what it expects. */
gboolean case_store(const Case *test_case, const char *expect, GError **error);
