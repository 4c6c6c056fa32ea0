/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The chains that hold one or two marked rules of ours for each bridge. */
typedef enum {
	FORWARD_PLACE_FILTER,  /* where libvirt's iptables back end rejects, and docker and ufw drop */
	FORWARD_PLACE_LIBVIRT, /* where its nftables back end rejects (libvirt 10.4 and later) */
	FORWARD_PLACE_HAIRPIN, /* our own */
	FORWARD_N_PLACES
} ForwardPlace;

typedef enum {
	FORWARD_WAY_OUT, /* -o BRIDGE: to the guest */
	FORWARD_WAY_IN,  /* -i BRIDGE: its answers, for chains whose policy is to drop */
	FORWARD_WAY_BACK, /* in and out again on the same bridge */
	FORWARD_N_WAYS
} ForwardWay;

typedef struct {
	const char *table; /* family ip */
	const char *chain;
	guint32 hook; /* NF_INET_... that the chain must be hooked on */
	/* Rules must be of xtables' matches: one native ct expression in this table
	 * and iptables-nft, hence libvirt and docker, refuses all of it. */
	gboolean xtables;
	gboolean ways[FORWARD_N_WAYS]; /* which rules a bridge has here */
} ForwardPlaceInfo;

extern const ForwardPlaceInfo forward_places[FORWARD_N_PLACES];

#define FORWARD_TABLE "hostler"
#define FORWARD_MAP_ANY "ports"
#define FORWARD_MAP_ADDRESS "address_ports"

/* The rules of our table but the hairpin's: what a sound table holds. */
typedef struct {
	const char *chain;
	gboolean by_address; /* looks into FORWARD_MAP_ADDRESS; only there when the map is */
	const char *comment;
} ForwardLookup;

#define FORWARD_N_LOOKUPS 4
extern const ForwardLookup forward_lookups[FORWARD_N_LOOKUPS];
/* "prerouting: ports of ...", as a dump of our table is compared with it. */
char *forward_lookup_text(const char *chain, const char *comment);
