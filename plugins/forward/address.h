/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <netinet/in.h>

/* An address of either family. AF_UNSPEC: any, or not known. */
typedef struct {
	sa_family_t family;
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
} ForwardAddress;

/* A guests' network: the bridge's own address in it, and how many bits they share. */
typedef struct {
	ForwardAddress address;
	guint prefix;
} ForwardNet;

gboolean forward_address_read(const char *text, ForwardAddress *address);
/* By family, then by its bytes. */
gint forward_address_compare(const ForwardAddress *a, const ForwardAddress *b);

/* Whether a guest may have this address: one of the network, and neither the
 * bridge's nor one that means several. */
gboolean forward_net_has_guest(const ForwardNet *net, const ForwardAddress *address);
