/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's neighbour table, read by MAC. */
#include "neighbours.h"

#include <stdio.h>
#include <string.h>

/* INCOMPLETE and FAILED: nobody answered; NOARP: nobody was asked. */
#define KNOWN_STATES (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

static void take_address(Neighbour *neighbour, const struct nlattr *attribute)
{
	struct sockaddr_in6 *address = &neighbour->address;
	gsize length = mnl_attr_get_payload_len(attribute);

	if (length == sizeof(struct in_addr)) {
		address->sin6_addr.s6_addr[10] = 0xff;
		address->sin6_addr.s6_addr[11] = 0xff;
		memcpy(&address->sin6_addr.s6_addr[12], mnl_attr_get_payload(attribute), length);
		address->sin6_family = AF_INET6;
	} else if (length == sizeof(struct in6_addr)) {
		memcpy(&address->sin6_addr, mnl_attr_get_payload(attribute), length);
		address->sin6_family = AF_INET6;
	}
}

static int take_neighbour(const struct nlmsghdr *message, void *data)
{
	const struct ndmsg *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute;
	Neighbour neighbour = { 0 };
	gboolean has_mac = FALSE;

	if (message->nlmsg_type != RTM_NEWNEIGH || mnl_nlmsg_get_payload_len(message) < sizeof(*head) ||
	    (head->ndm_state & KNOWN_STATES) == 0)
		return MNL_CB_OK;
	neighbour.index = head->ndm_ifindex;
	mnl_attr_for_each(attribute, message, sizeof(*head)) {
		if (mnl_attr_get_type(attribute) == NDA_DST)
			take_address(&neighbour, attribute);
		if (mnl_attr_get_type(attribute) == NDA_LLADDR && mnl_attr_get_payload_len(attribute) == ETH_ALEN) {
			memcpy(neighbour.mac, mnl_attr_get_payload(attribute), ETH_ALEN);
			has_mac = TRUE;
		}
	}
	if (has_mac && neighbour.address.sin6_family != 0)
		g_array_append_val((GArray *)data, neighbour);
	return MNL_CB_OK;
}

GArray *neighbours_read(Rtnetlink *rtnetlink)
{
	GArray *neighbours = g_array_new(FALSE, FALSE, sizeof(Neighbour));

	mnl_nlmsg_put_extra_header(rtnetlink_begin(rtnetlink, RTM_GETNEIGH, NLM_F_DUMP), sizeof(struct ndmsg));
	rtnetlink_ask(rtnetlink, take_neighbour, neighbours);
	return neighbours;
}

static guint rank(const struct sockaddr_in6 *address)
{
	if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr))
		return 3;
	return IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr) ? 1 : 2;
}

gboolean mac_parse(const char *text, guint8 *mac)
{
	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
		      &mac[5]) == ETH_ALEN;
}

gboolean neighbours_find(const GArray *neighbours, int index, const char *mac, struct sockaddr_in6 *address)
{
	guint8 wanted[ETH_ALEN];
	guint best = 0;

	if (!mac_parse(mac, wanted))
		return FALSE;
	for (guint i = 0; i < neighbours->len; i++) {
		const Neighbour *neighbour = &g_array_index(neighbours, Neighbour, i);

		if (neighbour->index != index || memcmp(neighbour->mac, wanted, ETH_ALEN) != 0 ||
		    rank(&neighbour->address) <= best)
			continue;
		best = rank(&neighbour->address);
		*address = neighbour->address;
	}
	return best > 0;
}
