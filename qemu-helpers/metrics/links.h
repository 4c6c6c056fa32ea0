/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <linux/if_link.h>

/* The host's network interfaces and their counters, all by one question to the
 * kernel (RTM_GETSTATS), which asks no device. */
typedef struct _Links Links;

typedef struct {
	int index;           /* 0: there is no such interface */
	gboolean guest_side; /* a macvtap counts as the guest does; on a TAP the host's rx is
			      * what the guest sent */
} Link;

Links *links_new(GError **error);
void links_free(Links *links);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Links, links_free)

/* What an interface is. */
Link links_look_up(Links *links, const char *name);

/* Asks for all counters anew. FALSE: they are those of before. */
gboolean links_read(Links *links);
/* Those of the last links_read(), as the host counts; FALSE: there is no such interface. */
gboolean links_find(const Links *links, int index, struct rtnl_link_stats64 *stats);
