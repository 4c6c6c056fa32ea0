/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/netlink.h>

#include "plugins/forward/desired.h"

/* Connections that the kernel tracks, as messages of ctnetlink. Pure. */

typedef struct {
	guint8 protocol;
	ForwardAddress address; /* that the first packet was for, and its port */
	guint16 port;
	ForwardAddress guest; /* that answers, and from where */
	guint16 guest_port;
	gboolean forwarded; /* its destination was changed */
} ForwardFlow;

/* FALSE: none that could be ours. */
gboolean forward_flow_read(const struct nlmsghdr *message, ForwardFlow *flow);

#define FORWARD_FLOW_BYTES 1024
typedef union {
	struct nlmsghdr header;
	char bytes[FORWARD_FLOW_BYTES];
} ForwardFlowRequest;

/* Asks for all of one family that are, or are not, forwarded; an old kernel gives
 * both. */
void forward_flow_ask(ForwardFlowRequest *request, ForwardFamily family, gboolean forwarded);
/* Deletes the one that `message` told of, and no later one between the same ends.
 * FALSE: it cannot be named. */
gboolean forward_flow_delete(ForwardFlowRequest *request, const struct nlmsghdr *message);
