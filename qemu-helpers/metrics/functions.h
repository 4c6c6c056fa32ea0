/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <net/if.h>

#include "rtnetlink.h"

/* SR-IOV functions that were passed through. The guest drives them, but the physical
 * function, which stays with the host, counts for them and knows their MACs. */
typedef struct {
	int index; /* of the physical function's interface; 0: nobody knows the MAC */
	guint32 number;
	char name[IFNAMSIZ]; /* of that interface */
} Function;

/* Which one has `mac` ("52:54:00:12:34:56"): asked of every interface, so for once. */
Function functions_find(Rtnetlink *rtnetlink, const char *mac);

/* Its counters, as the guest sees them; those of errors stay 0. FALSE: the driver does
 * not count, or nothing yet. It may ask the card. */
gboolean functions_read(Rtnetlink *rtnetlink, const Function *function, struct rtnl_link_stats64 *stats);

/* What of a kernel's message is looked for, and found. */
typedef struct {
	guint8 mac[ETH_ALEN]; /* when `function` is not known yet */
	Function function;
	struct rtnl_link_stats64 stats;
	gboolean counted;
} FunctionSearch;

/* As mnl_cb_t, of RTM_NEWLINK. */
int functions_take(const struct nlmsghdr *message, void *search);
