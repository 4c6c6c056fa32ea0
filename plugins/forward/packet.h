/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libnftnl/rule.h>

#include "plugins/forward/address.h"
#include "plugins/forward/constant.h"

/* A packet that is thought of, and what a rule of somebody's would do to it. */

typedef struct {
	sa_family_t family;
	guint8 protocol;        /* IPPROTO_... */
	const char *out_bridge; /* a new connection from outside to the guest goes out there */
	ForwardAddress guest;   /* AF_UNSPEC: not known */
	guint16 port;           /* the guest's */
} ForwardPacket;

typedef enum {
	FORWARD_MISSES,
	FORWARD_MAY_HIT, /* it looks at what we do not know, or cannot read */
	FORWARD_HITS,
} ForwardMatch;

typedef enum {
	FORWARD_GOES_ON,
	FORWARD_ACCEPTS, /* the base chain is done with it, others are not */
	FORWARD_DROPS,   /* or rejects */
	FORWARD_RETURNS,
	FORWARD_JUMPS,
	FORWARD_GOES_TO,
} ForwardVerdict;

typedef struct {
	ForwardMatch match;
	ForwardVerdict verdict;
	const char *chain; /* to jump to; borrowed from the rule */
} ForwardEffect;

/* `constants` are the lists that rules of its table look into. Pure. */
ForwardEffect forward_packet_meet(const ForwardPacket *packet, const struct nftnl_rule *rule,
				  const ForwardConstants *constants);
