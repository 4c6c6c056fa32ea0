/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/netlink.h>

#include "plugins/forward/place.h"

/* Room for a request that names a table and a chain or a set. */
typedef union {
	struct nlmsghdr header;
	char bytes[512];
} ForwardRequest;

/* A single object is answered without a dump, and its end is the acknowledgement. */
struct nlmsghdr *forward_request_one(ForwardRequest *request, ForwardFamily family, guint16 type);
struct nlmsghdr *forward_request_all(ForwardRequest *request, ForwardFamily family, guint16 type);
