/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* VM names and the like are anybody's text: libvirt allows tabs, `;`, `$(...)`,
 * "%s", U+202E and 255 bytes of it. Before it reaches a terminal, a log line or
 * a path it goes through here. */

/* Printable on a terminal and in one log line: control characters, bidi and
 * other format characters and broken UTF-8 become \xNN or \u{NNNN}, cut to
 * `HOSTLER_TEXT_SHOWN` characters. Never NULL; NULL becomes "". */
#define HOSTLER_TEXT_SHOWN 120
char *hostler_text_shown(const char *text);
/* The same for a whole message: cut to `max` characters. */
char *hostler_text_line(const char *text, gsize max);

/* One component of a path: everything but [A-Za-z0-9_+-] and inner dots
 * percent-escaped, cut to `max` bytes without cutting an escape. */
char *hostler_text_file_name(const char *text, gsize max);

/* Lower-case canonical UUID, or NULL when `text` is none. */
char *hostler_text_uuid(const char *text);
/* "0000:01:00.0" from its canonical form only; FALSE otherwise. */
gboolean hostler_text_is_bdf(const char *text);
/* "52:54:00:12:34:56", lower case, of what libvirt takes for a MAC ("52:54:0:12:34:56"), or NULL. */
char *hostler_text_mac(const char *text);
/* Which of `names` (NULL at the end) a mistyped `word` was meant to be, or NULL. */
const char *hostler_text_nearest(const char *word, const char *const *names);
