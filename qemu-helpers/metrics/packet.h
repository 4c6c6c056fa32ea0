/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* ICMP echoes on the wire, of both families. */
typedef enum { PACKET_IPV4, PACKET_IPV6, PACKET_FAMILIES } PacketFamily;

/* Both families have the same head, and what they send back is up to us. */
typedef struct {
	guint8 type;
	guint8 code;
	guint16 checksum;
	guint16 identifier;
	guint16 sequence;
	guint64 number;
	guint8 filling[40]; /* as long as ping's */
} Packet;

/* -1 with errno set. */
int packet_open_socket(PacketFamily family);

/* Sends an echo out of the interface `index`. IPv4 as ::ffff:192.0.2.1. */
gboolean packet_send(const int sockets[PACKET_FAMILIES], Packet *packet, const struct sockaddr_in6 *to, int index);

/* What is there: FALSE with `packet` untouched when it is no answer to an echo. */
gboolean packet_find(PacketFamily family, const guint8 *data, gsize length, Packet *packet);
/* When the kernel got it, by CLOCK_REALTIME; negative: it does not say. */
double packet_find_stamp(struct msghdr *message);
