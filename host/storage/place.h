/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/stat.h>

#include "hostler/host.h"

/* Where a file lies: its mount, from /proc/self/mountinfo. */
typedef struct {
	struct statx stat; /* of the file, or of the nearest folder above that we may see */
	gboolean seen;     /* it is of the file itself */
	guint64 mount;     /* its id */
	char *number;      /* of the file system, "259:2"; one that has no device: "0:31" */
	char *type;        /* "ext4" */
	char *point;
	char *source;      /* "/dev/nvme0n1p2", "nas:/export", "pool/set" */
	char *options;     /* of the mount and of the file system, "rw,noatime,vers=4.2,..." */
} Place;

/* FALSE with an error: no such file, or no mount that it lies in. */
gboolean place_find(HostlerHost *host, const char *path, Place *place, GError **error);
/* The same from the kernel's memory alone; FALSE: a disk or a server would have to be
 * asked, or might have to be. `place` then has the mount that the path leads into by its
 * name, or nothing. */
gboolean place_peek(HostlerHost *host, const char *path, Place *place);
void place_clear(Place *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

/* The value of an option, "" when it has none; NULL: it is not set. Owned by the caller. */
char *place_option(const Place *place, const char *name);
