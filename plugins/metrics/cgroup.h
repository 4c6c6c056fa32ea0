/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The cgroup of a whole VM, from the text of its QEMU's /proc/<pid>/cgroup: libvirt
 * has QEMU in one below it. NULL: the VM has none of its own, or it is not in the
 * unified hierarchy (version 2). */
char *metrics_cgroup_of(const char *text);
