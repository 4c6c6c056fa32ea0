/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Whose the memory is: the kernel's own list of it, and a device's. Pure. */

typedef struct {
	guint64 start;
	guint64 end; /* the last byte */
} MemoryRange;

/* The ranges (MemoryRange) of the device's memory, from the text of its sysfs
 * attribute `resource`: a line "START END FLAGS" each. */
GArray *iomem_parse_resource(const char *text);

/* The name of the first boot framebuffer in the text of /proc/iomem that shares
 * a byte with one of `ranges`, owned by the caller; NULL: none does. */
char *iomem_find_framebuffer(const char *iomem, const GArray *ranges);
