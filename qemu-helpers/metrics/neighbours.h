/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/if_ether.h>
#include <netinet/in.h>

#include "rtnetlink.h"

/* Whom the host has met on its networks: the kernel's neighbour table. */
typedef struct {
	int index; /* of the interface */
	guint8 mac[ETH_ALEN];
	struct sockaddr_in6 address; /* IPv4 as ::ffff:192.0.2.1 */
} Neighbour;

/* "52:54:00:12:34:56", ETH_ALEN bytes. */
gboolean mac_parse(const char *text, guint8 *mac);

/* Never NULL; those that are known not to answer are left out. */
GArray *neighbours_read(Rtnetlink *rtnetlink);

/* The best address of `mac` behind an interface: IPv4, global IPv6, of the link. */
gboolean neighbours_find(const GArray *neighbours, int index, const char *mac, struct sockaddr_in6 *address);
