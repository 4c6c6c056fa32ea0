/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <netinet/in.h>

#include "rtt.h"

/* ICMP echoes to guests, by raw sockets for IPv4 and IPv6. */
typedef struct _Echo Echo;

/* Needs CAP_NET_RAW, which is of no more use afterwards. */
Echo *echo_open(GError **error);
void echo_free(Echo *echo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Echo, echo_free)

/* One guest's NIC; goes before its echo does. */
typedef struct _EchoPeer EchoPeer;

EchoPeer *echo_peer_new(Echo *echo);
void echo_peer_free(EchoPeer *peer);

/* Sends one, out of the interface `index` whatever the routes say. IPv4 as
 * ::ffff:192.0.2.1. */
void echo_peer_send(EchoPeer *peer, const struct sockaddr_in6 *address, int index);
/* What came of those sent since the last time; what is not answered by now is lost. */
Rtt echo_peer_take(EchoPeer *peer);
