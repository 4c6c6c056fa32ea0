/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's neighbour table: which address answers at which network card. */
#include "host/neighbours.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "hostler/error.h"
#include "host/machine.h"
#include "host/netlink.h"

#define KNOWN (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)
#define FRESH (NUD_REACHABLE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

/* --- one entry --- */

typedef struct {
	const void *address;
	guint16 address_length;
	const guint8 *mac; /* of 6 bytes, or NULL */
} Attributes;

static int each_attribute(const struct nlattr *attribute, void *data)
{
	Attributes *found = data;
	guint16 length = mnl_attr_get_payload_len(attribute);

	if (mnl_attr_get_type(attribute) == NDA_DST) {
		found->address = mnl_attr_get_payload(attribute);
		found->address_length = length;
	} else if (mnl_attr_get_type(attribute) == NDA_LLADDR && length == HOSTLER_MAC_BYTES) {
		found->mac = mnl_attr_get_payload(attribute);
	}
	return MNL_CB_OK;
}

static gsize length_of(guint8 family)
{
	if (family == AF_INET)
		return sizeof(struct in_addr);
	return family == AF_INET6 ? sizeof(struct in6_addr) : 0;
}

static gboolean read_entry(const struct nlmsghdr *message, int *interface, HostlerNeighbour *neighbour)
{
	const struct ndmsg *header = mnl_nlmsg_get_payload(message);
	Attributes found = { 0 };

	if (message->nlmsg_type != RTM_NEWNEIGH || mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return FALSE;
	mnl_attr_parse(message, sizeof(*header), each_attribute, &found);
	if ((header->ndm_state & KNOWN) == 0 || found.mac == NULL || length_of(header->ndm_family) == 0 ||
	    found.address_length != length_of(header->ndm_family))
		return FALSE;
	*interface = header->ndm_ifindex;
	*neighbour = (HostlerNeighbour){ .family = header->ndm_family, .fresh = (header->ndm_state & FRESH) != 0 };
	memcpy(neighbour->address, found.address, found.address_length);
	memcpy(neighbour->mac, found.mac, HOSTLER_MAC_BYTES);
	return TRUE;
}

/* --- all of a bridge --- */

typedef struct {
	int interface;
	GArray *neighbours;
} Reading;

static int each_entry(const struct nlmsghdr *message, void *data)
{
	Reading *reading = data;
	HostlerNeighbour neighbour;
	int interface;

	if (read_entry(message, &interface, &neighbour) && interface == reading->interface)
		g_array_append_val(reading->neighbours, neighbour);
	return MNL_CB_OK;
}

GArray *host_neighbours(HostlerHost *host, const char *bridge, GError **error)
{
	g_autoptr(GArray) neighbours = g_array_new(FALSE, TRUE, sizeof(HostlerNeighbour));
	Reading reading = { (int)if_nametoindex(bridge), neighbours };
	char buffer[128] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	if (reading.interface == 0)
		return g_steal_pointer(&neighbours);
	request->nlmsg_type = RTM_GETNEIGH;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(request, sizeof(struct ndmsg));
	if (!netlink_dump(host, NETLINK_ROUTE, request, each_entry, &reading, error))
		return NULL;
	return g_steal_pointer(&neighbours);
}

/* --- being told --- */

int host_neighbours_listen(HostlerHost *host, GError **error)
{
	return netlink_listen(NETLINK_ROUTE, RTNLGRP_NEIGH, error);
}

static gboolean is_one_of(const HostlerNeighbour *neighbour, const char *const *guests)
{
	const guint8 *m = neighbour->mac;
	g_autofree char *mac = g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	char address[INET6_ADDRSTRLEN] = "";

	inet_ntop(neighbour->family, neighbour->address, address, sizeof(address));
	return g_strv_contains(guests, mac) || g_strv_contains(guests, address);
}

static gboolean concerns(const void *buffer, int length, const char *const *guests)
{
	const struct nlmsghdr *message = buffer;
	HostlerNeighbour neighbour;
	gboolean found = FALSE;
	int interface;

	while (!found && mnl_nlmsg_ok(message, length)) {
		found = read_entry(message, &interface, &neighbour) && is_one_of(&neighbour, guests);
		message = mnl_nlmsg_next(message, &length);
	}
	return found;
}

/* A network that talks fills the socket all the time, about cards that are nobody's. */
gboolean host_neighbours_heard(HostlerHost *host, int fd, const char *const *guests)
{
	g_autofree char *buffer = g_malloc(NETLINK_BUFFER_BYTES);
	gboolean heard = FALSE;
	ssize_t n;

	do {
		n = recv(fd, buffer, NETLINK_BUFFER_BYTES, MSG_DONTWAIT);
		if (n > 0)
			heard |= concerns(buffer, (int)n, guests);
		else if (n < 0 && errno == ENOBUFS)
			heard = TRUE;
	} while (n > 0 || (n < 0 && (errno == EINTR || errno == ENOBUFS)));
	return heard;
}
