/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "sample.h"

/* From the text of a cgroup's io.stat: what the VM's disks cost those of the host. */
void host_io_read(const char *text, Sample *sample);
