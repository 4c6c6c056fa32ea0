/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "plugins/forward/span.h"

/* dnsmasq's leases on one bridge, in the file that libvirt's helper rewrites at
 * each of them. Names in it are the guests' own and never looked at. */

#define FORWARD_LEASES_MAX_BYTES (8 * 1024 * 1024)

typedef struct {
	char mac[FORWARD_MAC_LENGTH + 1]; /* lower case; "": two guests have an equal claim to the address */
	ForwardAddress address;
	gint64 expiry; /* seconds since the epoch; G_MAXINT64: never */
	guint place;   /* in the file; the helper appends what is new */
} ForwardLease;

/* One ForwardLease for each address, in their order: of two guests who have the
 * same the one with the newer lease. Entries that are none are left out. NULL with
 * HOSTLER_ERROR_RECORD: the bytes are no list of leases, and what mends it. Pure. */
GArray *forward_leases_parse(const char *bytes, gsize length, GError **error);

/* The newest lease of this guest within `net`, expired or not; NULL: none. */
const ForwardLease *forward_leases_find(const GArray *leases, const char *mac, const ForwardNet *net);
/* Whose the address is by lease; NULL: nobody ever leased it. */
const ForwardLease *forward_leases_of(const GArray *leases, const ForwardAddress *address);
