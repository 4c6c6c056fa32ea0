/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A libvirt network, from the <network> XML of the network hook or the
 * <networkstatus> that libvirt keeps under /run/libvirt/network. */

typedef struct {
	char *mac; /* lower case, for IPv6 from the DUID; NULL for one by name only, or by another DUID */
	char *ip;
} HostlerReservation;

typedef struct {
	char *address; /* of the bridge */
	guint prefix;
	gboolean ipv6;
	GPtrArray *reservations; /* HostlerReservation */
} HostlerSubnet;

typedef struct {
	char *uuid;
	char *name;    /* user text, never NULL */
	char *bridge;  /* NULL for networks without one */
	char *forward; /* "nat", "route", "open", ...; NULL: isolated */
	GPtrArray *subnets; /* HostlerSubnet */
} HostlerNetwork;

HostlerNetwork *hostler_network_from_xml(const char *xml, gsize length, GError **error);
void hostler_network_free(HostlerNetwork *network);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostlerNetwork, hostler_network_free)

/* The address that a subnet reserves for `mac`, or NULL. Owned by the network. */
const char *hostler_subnet_reserved(const HostlerSubnet *subnet, const char *mac);
