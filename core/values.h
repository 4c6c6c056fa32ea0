/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What a person wrote in an attribute, checked and in its one canonical form,
 * or NULL when it is no such value. */

/* "192.0.2.7", "2001:db8::7": the address of one host. */
char *hostler_value_address(const char *text);
/* "10.0.0.0/8,192.0.2.7/32": networks, without bits beyond their prefix. */
char *hostler_value_networks(const char *text);
/* "20/s": s, m, h or d; of 1 to a million. */
char *hostler_value_rate(const char *text);
/* A port, 1..65535; FALSE for anything else. */
gboolean hostler_value_port(const char *text, guint16 *port);
