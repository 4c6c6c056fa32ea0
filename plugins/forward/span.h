/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>

#include "hostler/domain.h"
#include "plugins/forward/address.h"

#define FORWARD_MAC_LENGTH 17
#define FORWARD_RATE_LENGTH 9 /* "1000000/s" */

/* Ports of the host that lead to a guest: what a stay says of forwarding, one
 * entry in its group [forward] for each. A value: copied and compared as it is. */
typedef struct {
	sa_family_t family; /* of both ends, AF_INET or AF_INET6 */
	HostlerProto proto;
	ForwardAddress address;           /* of the host; AF_UNSPEC: each of its addresses */
	guint16 start;                    /* first and last port on the host */
	guint16 end;
	guint16 to;                       /* the guest's port for `start`; the others follow */
	char bridge[IFNAMSIZ];            /* behind which the guest is */
	char mac[FORWARD_MAC_LENGTH + 1]; /* of the guest's card; "" when the entry does not say */
	char tap[IFNAMSIZ];               /* the host's end of it; "" before the VM starts */
	ForwardNet net;                   /* the bridge's own address there; AF_UNSPEC when not said */
	ForwardAddress guest;             /* reserved for it; AF_UNSPEC: the span floats, and is to be found */
	const char *sources;              /* who may come, "10.0.0.0/8,192.0.2.7/32", interned; NULL: everybody */
	char rate[FORWARD_RATE_LENGTH + 1]; /* new connections at most, "20/s"; "": any number */
} ForwardSpan;

/* Whether a bridge of this name can be told to nft and iptables and read back
 * as the same name: they give "+", "*" and quotes a meaning. */
gboolean forward_bridge_is_plain(const char *bridge);

/* PROTO ADDRESS START END TO BRIDGE GUEST [KEY=VALUE...]:
 * "tcp any 2222 2222 22 virbr0 192.168.122.10 mac=52:54:00:00:00:01 net=192.168.122.1/24";
 * "any" for every address of the host, "floating" for a guest that is to be found. */
char *forward_span_to_text(const ForwardSpan *span);
gboolean forward_span_from_text(const char *text, ForwardSpan *span);
/* For people: "tcp port 2222", "udp ports 5000-5010 of 192.0.2.7". */
char *forward_span_shown(const ForwardSpan *span);
gboolean forward_span_floats(const ForwardSpan *span);

/* The group [forward] of a stay's body; `spans` of ForwardSpan. */
void forward_spans_store(GKeyFile *body, const GArray *spans);
gboolean forward_spans_are_stored(GKeyFile *body);
/* Beside them: whether the VM's ports are to be reached at 127.0.0.0/8, too. */
void forward_loopback_store(GKeyFile *body, gboolean on);
gboolean forward_loopback_is_stored(GKeyFile *body);
/* Entries that cannot be read are counted in `n_bad` and left out. */
GArray *forward_spans_load(GKeyFile *body, guint *n_bad);
