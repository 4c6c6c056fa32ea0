/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of both families, and which of them a guest may have. Pure. */
#include "plugins/forward/address.h"

#include <arpa/inet.h>
#include <string.h>

#define LOOPBACK_BYTE 127

static gsize length_of(sa_family_t family)
{
	if (family == AF_INET)
		return sizeof(struct in_addr);
	return family == AF_INET6 ? sizeof(struct in6_addr) : 0;
}

gboolean forward_address_read(const char *text, ForwardAddress *address)
{
	*address = (ForwardAddress){ .family = AF_INET };
	if (inet_pton(AF_INET, text, &address->v4) == 1)
		return TRUE;
	address->family = AF_INET6;
	if (inet_pton(AF_INET6, text, &address->v6) == 1)
		return TRUE;
	*address = (ForwardAddress){ .family = AF_UNSPEC };
	return FALSE;
}

gint forward_address_compare(const ForwardAddress *a, const ForwardAddress *b)
{
	if (a->family != b->family)
		return (gint)a->family - (gint)b->family;
	return memcmp(&a->v6, &b->v6, length_of(a->family));
}

static gboolean have_common_bits(const ForwardAddress *a, const ForwardAddress *b, guint n)
{
	const guint8 *x = (const guint8 *)&a->v6;
	const guint8 *y = (const guint8 *)&b->v6;
	guint rest = n % 8;

	if (memcmp(x, y, n / 8) != 0)
		return FALSE;
	return rest == 0 || ((x[n / 8] ^ y[n / 8]) >> (8 - rest)) == 0;
}

/* All bits behind the prefix 0, or all of them 1. */
static gboolean ends_in(const ForwardAddress *address, guint prefix, gboolean ones)
{
	const guint8 *bytes = (const guint8 *)&address->v6;

	for (guint i = prefix; i < 8 * length_of(address->family); i++) {
		if (((bytes[i / 8] >> (7 - i % 8)) & 1) != (ones ? 1 : 0))
			return FALSE;
	}
	return TRUE;
}

/* A net of one or two addresses has neither an address of its own nor a broadcast. */
static gboolean means_several(const ForwardNet *net, const ForwardAddress *address)
{
	guint bits = 8 * (guint)length_of(address->family);

	if (net->prefix + 1 >= bits)
		return FALSE;
	return ends_in(address, net->prefix, FALSE) ||
	       (address->family == AF_INET && ends_in(address, net->prefix, TRUE));
}

/* Whatever the network says of itself. */
static gboolean is_special(const ForwardAddress *address)
{
	const guint8 *bytes = (const guint8 *)&address->v6;

	if (address->family == AF_INET)
		return bytes[0] == 0 || bytes[0] == LOOPBACK_BYTE || bytes[0] >= 224;
	return IN6_IS_ADDR_UNSPECIFIED(&address->v6) || IN6_IS_ADDR_LOOPBACK(&address->v6) ||
	       IN6_IS_ADDR_MULTICAST(&address->v6) || IN6_IS_ADDR_LINKLOCAL(&address->v6);
}

gboolean forward_net_has_guest(const ForwardNet *net, const ForwardAddress *address)
{
	gsize length = length_of(address->family);

	return length > 0 && address->family == net->address.family && net->prefix <= 8 * length &&
	       have_common_bits(&net->address, address, net->prefix) &&
	       forward_address_compare(&net->address, address) != 0 && !means_several(net, address) &&
	       !is_special(address);
}
