/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <sys/socket.h>

/* Where in nf_tables our things are: all of it once in the tables of family ip,
 * and once in those of ip6. */

typedef enum {
	FORWARD_IP,
	FORWARD_IP6,
	FORWARD_N_FAMILIES,
} ForwardFamily;

typedef struct {
	const char *name;
	sa_family_t family; /* nf_tables has the same numbers */
	guint32 source;     /* offsets in its header */
	guint32 destination;
} ForwardFamilyInfo;

extern const ForwardFamilyInfo forward_families[FORWARD_N_FAMILIES];
ForwardFamily forward_family_of(sa_family_t family);

/* The chains that hold one or two marked rules of ours for each bridge. */
typedef enum {
	FORWARD_PLACE_FILTER,  /* where libvirt's iptables back end rejects, and docker and ufw drop */
	FORWARD_PLACE_LIBVIRT, /* where its nftables back end rejects (libvirt 10.4 and later) */
	FORWARD_PLACE_HAIRPIN, /* our own, from here on */
	FORWARD_PLACE_GUARD,   /* only while 127.0.0.0/8 is forwarded */
	FORWARD_N_PLACES
} ForwardPlace;

typedef enum {
	FORWARD_WAY_OUT, /* -o BRIDGE: to the guest */
	FORWARD_WAY_IN,  /* -i BRIDGE: its answers, for chains whose policy is to drop */
	FORWARD_WAY_BACK, /* in and out again on the same bridge */
	FORWARD_WAY_SELF, /* the same where the bridge itself shows frames to iptables: from no interface then */
	FORWARD_WAY_LOOPBACK, /* from 127.0.0.0/8, to the guest */
	FORWARD_WAY_GUARD,    /* -i BRIDGE, to 127.0.0.0/8: nobody's */
	FORWARD_WAY_GUARD_FROM, /* -i BRIDGE, from 127.0.0.0/8: nobody's either */
	FORWARD_N_WAYS
} ForwardWay;
/* These and those that follow a bridge has while it is guarded, see ForwardDesiredTable. */
#define FORWARD_WAYS_GUARDED FORWARD_WAY_LOOPBACK

typedef struct {
	const char *table;
	const char *chain;
	guint32 hook; /* NF_INET_... that the chain must be hooked on */
	/* Rules must be of xtables' matches: one native ct expression in this table
	 * and iptables-nft, hence libvirt and docker, refuses all of it. */
	gboolean xtables;
	gboolean ways[FORWARD_N_WAYS]; /* which rules a bridge has here */
} ForwardPlaceInfo;

extern const ForwardPlaceInfo forward_places[FORWARD_N_PLACES];

#define FORWARD_TABLE "hostler"
#define FORWARD_CHAIN "forwards" /* that leads to the guests */

/* What of our table is there only while a forward needs it. */
enum {
	FORWARD_WITH_ADDRESSES = 1 << 0, /* one with address= */
	FORWARD_WITH_LIMITS = 1 << 1,    /* one with source= or rate= */
	FORWARD_WITH_LOOPBACK = 1 << 2,  /* one on 127.0.0.0/8, too */
};

typedef enum {
	FORWARD_SET_TAKEN_TCP, /* who has which ports of every address, from `prepare` on, and how many came */
	FORWARD_SET_TAKEN_UDP,
	FORWARD_SET_TAKEN_SCTP,
	FORWARD_SET_TAKEN_ADDRESS, /* likewise of one address */
	FORWARD_SET_PORTS, /* where ports lead */
	FORWARD_SET_ADDRESS_PORTS,
	FORWARD_SET_BOUND,   /* ports of one address, which those of every address do not limit */
	FORWARD_SET_LIMITED, /* ports that not everybody may come to */
	FORWARD_SET_ADDRESS_LIMITED,
	FORWARD_SET_SOURCES, /* who may */
	FORWARD_SET_ADDRESS_SOURCES,
	FORWARD_SET_RATES, /* how often */
	FORWARD_SET_ADDRESS_RATES,
	FORWARD_N_SETS
} ForwardSet;

/* Keys are [address of the host .] protocol . port [. source], or spans of ports alone. */
typedef struct {
	const char *name;
	guint features; /* without which it is not there */
	guint8 spans_of; /* this protocol: a plain set of intervals, of which no two overlap; 0: it is none */
	gboolean by_address;
	gboolean by_source; /* and of intervals */
	gboolean is_map;    /* to guest . port */
	gboolean has_rate;  /* with a limit for each element */
} ForwardSetInfo;

extern const ForwardSetInfo forward_sets[FORWARD_N_SETS];
/* One of those that say who has a port, with a counter for each element. */
gboolean forward_set_is_taken(ForwardSet set);
/* Of the ports of this protocol, of one address or of every. */
ForwardSet forward_set_of_taken(guint8 protocol, gboolean by_address);

typedef enum {
	FORWARD_RULE_JUMP,   /* to FORWARD_CHAIN, with what is for this host */
	FORWARD_RULE_DNAT,   /* to where `set` says, counted in `other`, if it is another */
	FORWARD_RULE_DROP,   /* what is in `set` and, if it is another, not in `other` */
	FORWARD_RULE_ACCEPT, /* what is in `set` */
} ForwardRuleKind;

/* The rules of our table but those of a bridge each: what a sound table holds, in its order. */
typedef struct {
	const char *chain;
	guint features; /* without which it is not there */
	guint instead;  /* with any of which another one is there in its place */
	ForwardRuleKind kind;
	ForwardSet set;
	ForwardSet other;
	const char *comment;
} ForwardLookup;

#define FORWARD_N_LOOKUPS 13
extern const ForwardLookup forward_lookups[FORWARD_N_LOOKUPS];
gboolean forward_lookup_is_there(const ForwardLookup *lookup, guint features);
/* "prerouting: ports of ...", as a dump of our table is compared with it. */
char *forward_lookup_text(const char *chain, const char *comment);
