/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* Figures as people say them, in ASCII. All are to be freed by the caller. */

char *words_bytes(double bytes);          /* "1.25 GB": thousands, not 1024s, as disks and links are sold */
char *words_count(double count);          /* "1.25k" */
char *words_seconds(double seconds);      /* "340 us", "1.25 ms": of a request */
char *words_duration(double seconds);     /* "2 h 13 min": of a run */

/* The `reason` of a report of a VM that migrated to this host and did not arrive. */
#define WORDS_NEVER_RAN "migration failed"
/* Whether the report is of a run in which the guest ran. */
gboolean words_ran(JsonObject *report);

/* A report (its JSON) in one line, fit for a terminal: how long, why it ended, what
 * each disk and NIC did, and how much nobody saw. Without the VM's name. */
char *words_report(JsonObject *report);
