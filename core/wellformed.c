/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks that GMarkup leaves out, or leaves to the letter of the text. */

#include "core/wellformed.h"

#include <string.h>

#include "hostler/domain.h"

#define MAX_ATTRIBUTES 64
#define SHORTEST_COMMENT 7 /* "<!---->" */

static guint count_lines(const char *text, gsize length)
{
	guint line = 1;

	for (gsize i = 0; i < length; i++)
		line += text[i] == '\n';
	return line;
}

const char *hostler_wellformed_bytes(const char *text, gsize length, guint *line)
{
	const char *end = NULL;

	*line = 1;
	if (length == 0)
		return "the document is empty";
	if (length > HOSTLER_XML_MAX_BYTES)
		return "more than the 32 MiB that are read";
	if (g_utf8_validate_len(text, length, &end))
		return NULL;
	*line = count_lines(text, (gsize)(end - text));
	return *end == '\0' ? "a NUL byte" : "not UTF-8";
}

const char *hostler_wellformed_attributes(const char **names)
{
	for (gsize i = 0; names[i] != NULL; i++) {
		if (i >= MAX_ATTRIBUTES)
			return "more than 64 attributes";
		for (gsize j = 0; j < i; j++)
			if (g_str_equal(names[i], names[j]))
				return "an attribute is there twice; keep one";
	}
	return NULL;
}

static gboolean starts(const char *text, gsize length, const char *with)
{
	return length >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

static const char *check_declaration(const char *text, gsize length)
{
	g_autofree char *declaration = g_ascii_strdown(text, (gssize)length);

	if (strstr(declaration, "encoding") == NULL || strstr(declaration, "utf-8") != NULL ||
	    strstr(declaration, "us-ascii") != NULL)
		return NULL;
	return "the document says that it is not UTF-8";
}

const char *hostler_wellformed_aside(const char *text, gsize length, gboolean first, gboolean read)
{
	/* "<!-->" ends for GMarkup and has only begun for libxml2. */
	if (starts(text, length, "<!--"))
		return length >= SHORTEST_COMMENT ? NULL : "a comment that XML parsers disagree on";
	if (!starts(text, length, "<?"))
		return "DOCTYPE is not taken; leave it out";
	if (first && starts(text, length, "<?xml") && g_ascii_isspace(text[strlen("<?xml")]))
		return check_declaration(text, length);
	return read ? "processing instructions are not taken; leave them out" : NULL;
}
