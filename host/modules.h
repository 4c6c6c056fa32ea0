/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The module doors of HostlerHostOps. */

gboolean host_module_load(HostlerHost *host, const char *module, GError **error);
gboolean host_driver_present(HostlerHost *host, const char *driver);
gboolean host_module_unload(HostlerHost *host, const char *module, GError **error);
GStrv host_driver_modules(HostlerHost *host, const char *driver);
gboolean host_module_loaded(HostlerHost *host, const char *module);
char *host_module_driver(HostlerHost *host, const char *module);
char *host_driver_module(HostlerHost *host, const char *driver);

/* What modprobe may be given. */
gboolean module_is_name(const char *name);
