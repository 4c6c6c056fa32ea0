/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"
#include "plugins/reset/rung.h"

/* What is known of devices that do not take every reset: README.md says how the
 * files are written. */

/* Of a device, as its attributes name it. */
typedef struct {
	guint16 vendor;
	guint16 device;
	guint16 subsystem_vendor;
	guint16 subsystem_device;
	guint32 class; /* three bytes */
} ResetIdentity;

/* From the least to the most specific: a device takes the entry that says most
 * of it. */
typedef enum {
	RESET_MATCH_BASE_CLASS,          /* [class CC] */
	RESET_MATCH_CLASS,               /* [class CCSS] */
	RESET_MATCH_VENDOR_BASE_CLASS,   /* [vendor VVVV class CC] */
	RESET_MATCH_VENDOR_CLASS,        /* [vendor VVVV class CCSS] */
	RESET_MATCH_DEVICE,              /* [device VVVV:DDDD] */
	RESET_MATCH_SUBSYSTEM,           /* [device VVVV:DDDD SSSS:ssss] */
} ResetMatchKind;

typedef struct {
	ResetMatchKind kind;
	ResetIdentity id; /* what the kind does not ask for is 0; a class has as many bytes as it asks for */
} ResetMatch;

typedef struct {
	GArray *matches; /* ResetMatch */
	ResetRung rungs[RESET_N_RUNGS]; /* allowed, in order */
	guint n_rungs;                  /* 0: as for a device without an entry, but for `never` */
	guint never;                    /* RESET_RUNG_BIT()s */
	char *needs;                    /* a module; or NULL */
	char *source;
	char *note; /* a sentence for people; or NULL */
	char *file;
	guint line;
	gboolean is_admins;
} ResetQuirk;

typedef struct {
	GPtrArray *quirks; /* ResetQuirk */
	GPtrArray *errors; /* GError: what of the files was refused, and why */
} ResetQuirks;

ResetQuirks *reset_quirks_new(void);
void reset_quirks_free(ResetQuirks *quirks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ResetQuirks, reset_quirks_free)

/* Ours and the admin's, whose file of the same name stands in for ours. What is
 * wrong with a file stands in `errors`, and nothing of it is used, nor does it stand in. */
ResetQuirks *reset_quirks_load(HostlerHost *host);
/* The same, loaded once for a run of ours, and its own. */
const ResetQuirks *reset_quirks_of(HostlerHost *host);
/* One file's text, all or nothing: HOSTLER_ERROR_CONFIG with file, line and mend. */
gboolean reset_quirks_add(ResetQuirks *quirks, const char *file, gboolean is_admins, const char *text,
			  GError **error);
/* NULL: nothing special is known of it. */
const ResetQuirk *reset_quirks_find(const ResetQuirks *quirks, const ResetIdentity *device);

/* --- for the parser --- */

/* "1002:67c0,67c1" and so on: what stands between the brackets. NULL with what is
 * wrong with it, a phrase. */
GArray *reset_matches_parse(const char *text, char **wrong);
gboolean reset_match_among(const GArray *matches, const ResetMatch *match);
gboolean reset_match_is(const ResetMatch *match, const ResetIdentity *device);
char *reset_match_text(const ResetMatch *match);
void reset_quirk_free(ResetQuirk *quirk);
