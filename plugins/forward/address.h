/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <netinet/in.h>

/* An address of either family, and one with the prefix of its network. */

typedef struct {
	sa_family_t family; /* AF_UNSPEC: every address, or one that is not known */
	union {
		struct in_addr v4;
		struct in6_addr v6;
		guint8 bytes[sizeof(struct in6_addr)]; /* those behind forward_address_size() are 0 */
	};
} ForwardAddress;

/* "192.0.2.7", "2001:db8::7"; none is 0.0.0.0 or ::. */
gboolean forward_address_read(const char *text, ForwardAddress *address);
#define FORWARD_ADDRESS_LENGTH INET6_ADDRSTRLEN
/* Into `text`, which is also returned; "any" without a family. */
const char *forward_address_text(const ForwardAddress *address, char text[FORWARD_ADDRESS_LENGTH]);
/* How many bytes it has: 4, 16, or 0 without a family. */
gsize forward_address_size(const ForwardAddress *address);
gsize forward_family_size(sa_family_t family);
gint forward_address_compare(const ForwardAddress *a, const ForwardAddress *b);

typedef struct {
	ForwardAddress address; /* with its host's bits, if it has any */
	guint8 prefix;
} ForwardNet;

/* "192.168.122.1/24"; the address may be 0.0.0.0 or ::. */
gboolean forward_net_read(const char *text, ForwardNet *net);
#define FORWARD_NET_LENGTH (FORWARD_ADDRESS_LENGTH + 4)
const char *forward_net_text(const ForwardNet *net, char text[FORWARD_NET_LENGTH]);
/* The last address of the network (and with `first` the first). */
ForwardAddress forward_net_end(const ForwardNet *net, gboolean first);
gboolean forward_net_holds(const ForwardNet *net, const ForwardAddress *address);
/* Whether a guest may have `address` on the network whose host is `net->address`:
 * within it, and not the host's own, nor the network's or the broadcast address. */
gboolean forward_net_suits_guest(const ForwardNet *net, const ForwardAddress *address);
