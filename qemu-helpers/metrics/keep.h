/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* What must not be forgotten of a log when most of it is not read again, or is put
 * aside: the reports of the VM's last runs; of a run without one its `start`, what was
 * missing, the last sample that had its disks, and the last of all. As lines, "" for
 * none; of the file's first `end` bytes. */
char *keep_lines(int fd, off_t end);
