/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <netinet/in.h>

#include "hostler/domain.h"

/* Ports of the host that lead to a guest: what a stay says of forwarding, one
 * entry in its group [forward] for each. */
typedef struct {
	HostlerProto proto;
	struct in_addr address;  /* of the host; INADDR_ANY: each of its addresses */
	guint16 start;           /* first and last port on the host */
	guint16 end;
	guint16 to;              /* the guest's port for `start`; the others follow */
	char bridge[IFNAMSIZ];   /* behind which the guest is */
	struct in_addr guest;
} ForwardSpan;

#define FORWARD_ADDRESS_LENGTH INET_ADDRSTRLEN
/* "192.0.2.7" into `text`, which is also returned. */
const char *forward_address_text(struct in_addr address, char text[FORWARD_ADDRESS_LENGTH]);

/* Whether a bridge of this name can be told to nft and iptables and read back
 * as the same name: they give "+", "*" and quotes a meaning. */
gboolean forward_bridge_is_plain(const char *bridge);

/* "tcp 192.0.2.7 2222 2222 22 virbr0 192.168.122.10"; "any" for every address. */
char *forward_span_to_text(const ForwardSpan *span);
gboolean forward_span_from_text(const char *text, ForwardSpan *span);
/* For people: "tcp port 2222", "udp ports 5000-5010 of 192.0.2.7". */
char *forward_span_shown(const ForwardSpan *span);

/* Whether a connection could be meant for both. */
gboolean forward_spans_collide(const ForwardSpan *a, const ForwardSpan *b);

/* The group [forward] of a stay's body; `spans` of ForwardSpan. */
void forward_spans_store(GKeyFile *body, const GArray *spans);
gboolean forward_spans_are_stored(GKeyFile *body);
/* Entries that cannot be read are counted in `n_bad` and left out. */
GArray *forward_spans_load(GKeyFile *body, guint *n_bad);
