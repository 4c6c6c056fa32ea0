/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Makes lines fit to be shown to anybody: whoever sends a report must not have to
 * read it first. */
typedef struct _Redactor Redactor;

Redactor *redactor_new(void);
void redactor_free(Redactor *redactor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Redactor, redactor_free)

/* Wherever `word` stands on its own, whatever its case, `alias` stands instead. An
 * empty word is none. */
void redactor_hide(Redactor *redactor, const char *word, const char *alias);
/* The name of a host, and its first part: "[host]". */
void redactor_hide_host(Redactor *redactor, const char *name);

/* The line, fit for a terminal, without those words, and without all that has the
 * form of a MAC or IP address, a UUID, a mail address, a name of a VM in quotes or
 * a path of a user's. */
char *redactor_line(const Redactor *redactor, const char *line);

/* Of the kernel's command line the arguments that passing devices through, memory
 * and screens have to do with; of all others no more than their names, and of words
 * that we do not know how many there are. */
char *redact_command_line(const char *text);

/* Overwrites with zeroes what may tell a device from all others of its kind: its
 * serial number, which many NICs make of their MAC address; the last data read from
 * its VPD; and what of a NIC only its maker knows to read. */
void redact_config(guint8 *config, gsize length);
