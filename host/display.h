/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The doors of HostlerHostOps to what shows the host's desktop and its text
 * consoles: display-manager.c, console.c and framebuffer.c. */

char *host_display_manager(HostlerHost *host, GError **error);
gboolean host_display_manager_switch(HostlerHost *host, const char *unit, gboolean on, GError **error);

GStrv host_consoles(HostlerHost *host, const char *const *bdfs, GError **error);
gboolean host_console_switch(HostlerHost *host, const char *console, gboolean on, GError **error);

GStrv host_framebuffers(HostlerHost *host, const char *bdf, GError **error);
gboolean host_framebuffer_switch(HostlerHost *host, const char *framebuffer, gboolean on, GError **error);
