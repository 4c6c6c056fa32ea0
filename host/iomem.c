/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which memory the firmware's framebuffer lies in. */
#include "host/iomem.h"

#include <string.h>

/* The kernel's IORESOURCE_MEM, in the third number of a line of `resource`. */
#define RESOURCE_MEM 0x200

/* As the drivers name their part of it. */
static const char *const framebuffers[] = { "BOOTFB", "efifb", "simplefb", "simple-framebuffer", "simpledrm",
					    "vesafb", NULL };

static gboolean parse_number(const char *text, const char *after, guint64 *number, const char **end)
{
	char *stop;

	*number = g_ascii_strtoull(text, &stop, 16);
	*end = stop + strlen(after);
	return stop != text && g_str_has_prefix(stop, after);
}

static void take_resource(const char *line, GArray *ranges)
{
	MemoryRange range;
	guint64 flags;
	const char *rest;

	if (parse_number(line, " ", &range.start, &rest) && parse_number(rest, " ", &range.end, &rest) &&
	    parse_number(rest, "", &flags, &rest) && (flags & RESOURCE_MEM) != 0 && range.start <= range.end &&
	    range.start > 0)
		g_array_append_val(ranges, range);
}

GArray *iomem_parse_resource(const char *text)
{
	GArray *ranges = g_array_new(FALSE, FALSE, sizeof(MemoryRange));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (gsize i = 0; lines[i] != NULL; i++)
		take_resource(lines[i], ranges);
	return ranges;
}

static gboolean overlaps(const MemoryRange *range, const GArray *ranges)
{
	for (guint i = 0; i < ranges->len; i++) {
		const MemoryRange *other = &g_array_index(ranges, MemoryRange, i);

		if (range->start <= other->end && other->start <= range->end)
			return TRUE;
	}
	return FALSE;
}

/* "    c0000000-c02fffff : BOOTFB", deeper the more it is part of. To a reader
 * without rights all numbers are 0, and lie in no device's memory. */
static const char *find_in_line(const char *line, const GArray *ranges)
{
	MemoryRange range;
	const char *name;

	line += strspn(line, " ");
	if (!parse_number(line, "-", &range.start, &name) || !parse_number(name, " : ", &range.end, &name))
		return NULL;
	return g_strv_contains(framebuffers, name) && overlaps(&range, ranges) ? name : NULL;
}

char *iomem_find_framebuffer(const char *iomem, const GArray *ranges)
{
	g_auto(GStrv) lines = g_strsplit(iomem, "\n", -1);

	for (gsize i = 0; lines[i] != NULL; i++) {
		const char *name = find_in_line(lines[i], ranges);

		if (name != NULL)
			return g_strdup(name);
	}
	return NULL;
}
