/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, networks, rates and ports as people write them. */

#include "core/values.h"

#include <arpa/inet.h>
#include <string.h>

#define MAX_NETWORKS 64
#define MAX_RATE 1000000

typedef struct {
	int family;
	guint bits; /* of an address */
	guint8 bytes[sizeof(struct in6_addr)];
} Address;

static gboolean read_address(const char *text, Address *address)
{
	memset(address, 0, sizeof(*address));
	address->family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	address->bits = address->family == AF_INET6 ? 128 : 32;
	return inet_pton(address->family, text, address->bytes) == 1;
}

static char *print_address(const Address *address)
{
	char text[INET6_ADDRSTRLEN];

	return g_strdup(inet_ntop(address->family, address->bytes, text, sizeof(text)));
}

char *hostler_value_address(const char *text)
{
	Address address;
	static const Address unspecified;

	if (!read_address(text, &address))
		return NULL;
	if (memcmp(address.bytes, unspecified.bytes, sizeof(address.bytes)) == 0)
		return NULL; /* every address, which is said by saying none */
	return print_address(&address);
}

static void mask(Address *address, guint prefix)
{
	for (guint bit = prefix; bit < address->bits; bit++)
		address->bytes[bit / 8] &= (guint8)~(0x80u >> bit % 8);
}

static char *read_network(char *text)
{
	char *slash = strchr(text, '/');
	Address address;
	guint64 prefix;
	g_autofree char *network = NULL;

	if (slash != NULL)
		*slash = '\0';
	if (!read_address(text, &address))
		return NULL;
	prefix = address.bits;
	if (slash != NULL && !g_ascii_string_to_unsigned(slash + 1, 10, 0, address.bits, &prefix, NULL))
		return NULL;
	mask(&address, (guint)prefix);
	network = print_address(&address);
	return g_strdup_printf("%s/%u", network, (guint)prefix);
}

char *hostler_value_networks(const char *text)
{
	/* One too many stays behind its comma in the last part, which is then none. */
	g_auto(GStrv) parts = g_strsplit(text, ",", MAX_NETWORKS);

	if (parts[0] == NULL)
		return NULL;
	for (guint i = 0; parts[i] != NULL; i++) {
		char *network = read_network(g_strstrip(parts[i]));

		if (network == NULL)
			return NULL;
		g_free(parts[i]);
		parts[i] = network;
	}
	return g_strjoinv(",", parts);
}

char *hostler_value_rate(const char *text)
{
	static const char *const units[] = {"second", "minute", "hour", "day"};
	const char *slash = strchr(text, '/');
	g_autofree char *count = slash != NULL ? g_strndup(text, (gsize)(slash - text)) : NULL;
	guint64 rate;

	if (count == NULL || !g_ascii_string_to_unsigned(count, 10, 1, MAX_RATE, &rate, NULL))
		return NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
		gboolean is_letter = slash[1] == units[i][0] && slash[2] == '\0';

		if (is_letter || g_str_equal(slash + 1, units[i]))
			return g_strdup_printf("%u/%c", (guint)rate, units[i][0]);
	}
	return NULL;
}

gboolean hostler_value_port(const char *text, guint16 *port)
{
	guint64 number;

	if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, &number, NULL))
		return FALSE;
	*port = (guint16)number;
	return TRUE;
}
