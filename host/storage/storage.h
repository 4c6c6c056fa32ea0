/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The storage door of HostlerHostOps. */

gboolean host_storage_read(HostlerHost *host, const char *path, gboolean tries, GKeyFile *facts, GError **error);
gboolean host_storage_peek(HostlerHost *host, const char *path, GKeyFile *facts);
