/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What makes text an XML document that all parsers read alike, as far as
 * GMarkup does not look. Each says what is wrong, or NULL when nothing is. */

/* The whole text, which need not end with NUL. `line` is where it is wrong. */
const char *hostler_wellformed_bytes(const char *text, gsize length, guint *line);

/* Attribute names of one element. */
const char *hostler_wellformed_attributes(const char **names);

/* A comment, DOCTYPE or processing instruction; `first`: it is how the document
 * begins, `read`: it is within what we read. */
const char *hostler_wellformed_aside(const char *text, gsize length, gboolean first, gboolean read);
