/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The doors gpu_unbind_lock and gpu_unbind_unlock of HostlerHostOps. */

gboolean host_gpu_unbind_lock(HostlerHost *host, const char *bdf, GError **error);
void host_gpu_unbind_unlock(HostlerHost *host, const char *bdf);
