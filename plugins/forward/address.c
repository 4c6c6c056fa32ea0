/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and networks of either family. Pure. */
#include "plugins/forward/address.h"

#include <arpa/inet.h>
#include <string.h>

gsize forward_family_size(sa_family_t family)
{
	return family == AF_INET ? sizeof(struct in_addr) : family == AF_INET6 ? sizeof(struct in6_addr) : 0;
}

gsize forward_address_size(const ForwardAddress *address)
{
	return forward_family_size(address->family);
}

static gboolean read_any(const char *text, ForwardAddress *address)
{
	*address = (ForwardAddress){ .family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET };
	return inet_pton(address->family, text, address->bytes) == 1;
}

gboolean forward_address_read(const char *text, ForwardAddress *address)
{
	static const guint8 unspecified[sizeof(address->bytes)];

	return read_any(text, address) && memcmp(address->bytes, unspecified, sizeof(unspecified)) != 0;
}

const char *forward_address_text(const ForwardAddress *address, char text[FORWARD_ADDRESS_LENGTH])
{
	if (address->family == AF_UNSPEC)
		g_strlcpy(text, "any", FORWARD_ADDRESS_LENGTH);
	else
		inet_ntop(address->family, address->bytes, text, FORWARD_ADDRESS_LENGTH);
	return text;
}

gint forward_address_compare(const ForwardAddress *a, const ForwardAddress *b)
{
	if (a->family != b->family)
		return (gint)a->family - (gint)b->family;
	return memcmp(a->bytes, b->bytes, forward_address_size(a));
}

gboolean forward_net_read(const char *text, ForwardNet *net)
{
	const char *slash = strchr(text, '/');
	g_autofree char *address = slash != NULL ? g_strndup(text, (gsize)(slash - text)) : NULL;
	guint64 prefix;

	if (address == NULL || !read_any(address, &net->address) ||
	    !g_ascii_string_to_unsigned(slash + 1, 10, 0, 8 * forward_address_size(&net->address), &prefix, NULL))
		return FALSE;
	net->prefix = (guint8)prefix;
	return TRUE;
}

const char *forward_net_text(const ForwardNet *net, char text[FORWARD_NET_LENGTH])
{
	char address[FORWARD_ADDRESS_LENGTH];

	g_snprintf(text, FORWARD_NET_LENGTH, "%s/%u", forward_address_text(&net->address, address), net->prefix);
	return text;
}

ForwardAddress forward_net_end(const ForwardNet *net, gboolean first)
{
	ForwardAddress end = net->address;

	for (gsize bit = net->prefix; bit < 8 * forward_address_size(&end); bit++) {
		guint8 mask = (guint8)(0x80u >> bit % 8);

		if (first)
			end.bytes[bit / 8] &= (guint8)~mask;
		else
			end.bytes[bit / 8] |= mask;
	}
	return end;
}

gboolean forward_net_holds(const ForwardNet *net, const ForwardAddress *address)
{
	ForwardAddress first = forward_net_end(net, TRUE);
	ForwardAddress last = forward_net_end(net, FALSE);

	return address->family == net->address.family && address->family != AF_UNSPEC &&
	       forward_address_compare(&first, address) <= 0 && forward_address_compare(address, &last) <= 0;
}

gboolean forward_net_suits_guest(const ForwardNet *net, const ForwardAddress *address)
{
	ForwardAddress first = forward_net_end(net, TRUE);
	ForwardAddress last = forward_net_end(net, FALSE);
	/* The two of a point-to-point network are both hosts. */
	gboolean has_ends = net->prefix + 1u < 8 * forward_address_size(&net->address);

	if (!forward_net_holds(net, address) || forward_address_compare(&net->address, address) == 0)
		return FALSE;
	if (has_ends && forward_address_compare(&first, address) == 0)
		return FALSE;
	return !has_ends || address->family != AF_INET || forward_address_compare(&last, address) != 0;
}
