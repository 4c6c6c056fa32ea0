/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* What the three hooks share: how one begins, and how it reads libvirt's XML. */

/* A hook inherits whatever libvirtd (or a person) has: missing descriptors, a
 * umask, signals meant for the daemon; none of it is trusted. Sets `error` to the fault of a
 * configuration that cannot be used; the host then has the defaults. */
HostlerHost *hook_begin(const char *program, GError **error);

/* All of stdin, within the host's deadline and HOSTLER_XML_MAX_BYTES. */
char *hook_read_stdin(HostlerHost *host, gsize *length, GError **error);

/* Settles, says what went wrong in the journal, and that is all: neither a
 * network nor the daemon waits for hostler. Returns the exit code, always 0. */
int hook_settle(HostlerHost *host, const GError *config_error);
