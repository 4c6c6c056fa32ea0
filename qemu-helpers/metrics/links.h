/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/if_link.h>
#include <netinet/in.h>

#include "functions.h"
#include "rtnetlink.h"

/* The host's network interfaces and their counters, all by one question to the
 * kernel (RTM_GETSTATS), which asks no device; and who is known to be behind them. */
typedef struct _Links Links;

typedef struct {
	int index;           /* 0: there is no such interface */
	int over;            /* the bridge that it is a port of, or itself */
	gboolean guest_side; /* a macvtap counts as the guest does; on a TAP the host's rx is
			      * what the guest sent */
} Link;

Links *links_new(GError **error);
void links_free(Links *links);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Links, links_free)

/* What an interface is. */
Link links_look_up(Links *links, const char *name);

/* Asks for all counters anew. FALSE: none are known then. */
gboolean links_read(Links *links);
/* Whether the last links_read() got any: a host without an interface there is not. */
gboolean links_are_known(const Links *links);
/* Another number whenever links_read() has met an interface for the first time; never 0. */
guint links_generation(const Links *links);
/* Those of the last links_read(), as the host counts; FALSE: there is no such interface. */
gboolean links_find(const Links *links, int index, struct rtnl_link_stats64 *stats);

/* See functions.h. */
Function links_find_function(Links *links, const char *mac);
gboolean links_read_function(Links *links, const Function *function, struct rtnl_link_stats64 *stats);

/* The address by which the host knows whoever has `mac` ("52:54:00:12:34:56") behind
 * an interface: IPv4 if it can be, else IPv6, else of the link alone. FALSE: none.
 * Asked for anew once after each links_read(). */
gboolean links_find_neighbour(Links *links, int index, const char *mac, struct sockaddr_in6 *address);
