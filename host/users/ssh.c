/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose ssh session would be cut: connections to an address of the interface.
 * Whether an ssh daemon has their socket the walk over open files finds out. */
#include "host/users/ssh.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>

#include "host/machine.h"
#include "host/users/open.h"

#define ESTABLISHED "01" /* TCP_ESTABLISHED of the kernel, as it prints it */

static char *address_text(const struct sockaddr *address)
{
	const struct sockaddr_in *ipv4 = (const void *)address;
	const struct sockaddr_in6 *ipv6 = (const void *)address;
	char text[INET6_ADDRSTRLEN] = "";

	if (address->sa_family == AF_INET)
		inet_ntop(AF_INET, &ipv4->sin_addr, text, sizeof(text));
	else if (address->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &ipv6->sin6_addr, text, sizeof(text));
	return g_strdup(text);
}

/* As a set of texts. */
static GHashTable *addresses_of(const char *interface, GError **error)
{
	struct ifaddrs *all = NULL;
	GHashTable *addresses;

	if (getifaddrs(&all) != 0) {
		machine_error(error, errno, "cannot list the addresses of %s", interface);
		return NULL;
	}
	addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
		if (one->ifa_addr != NULL && g_str_equal(one->ifa_name, interface))
			g_hash_table_add(addresses, address_text(one->ifa_addr));
	}
	freeifaddrs(all);
	return addresses;
}

/* "0200A8C0:0016": the address in words as the processor has them. A daemon
 * that listens on :: has the addresses of IPv4 mapped into IPv6. */
static char *parse_address(const char *field)
{
	char text[INET6_ADDRSTRLEN] = "";
	guint32 words[4];

	if (strcspn(field, ":") == 8 && sscanf(field, "%8x", &words[0]) == 1)
		inet_ntop(AF_INET, &words[0], text, sizeof(text));
	else if (strcspn(field, ":") == 32 &&
		 sscanf(field, "%8x%8x%8x%8x", &words[0], &words[1], &words[2], &words[3]) == 4)
		inet_ntop(AF_INET6, words, text, sizeof(text));
	return g_strdup(g_str_has_prefix(text, "::ffff:") && strchr(text, '.') != NULL ? text + 7 : text);
}

typedef struct {
	Search *search;
	const char *shown;
	GHashTable *addresses;
} Interface;

/* number local remote state queues timer retransmits user timeout inode */
static gboolean see_connection(char **fields, guint n, gpointer data)
{
	const Interface *interface = data;
	g_autofree char *local = NULL;
	g_autofree char *remote = NULL;
	g_autofree char *phrase = NULL;

	if (n < 10 || !g_str_equal(fields[3], ESTABLISHED))
		return TRUE;
	local = parse_address(fields[1]);
	if (!g_hash_table_contains(interface->addresses, local))
		return TRUE;
	remote = parse_address(fields[2]);
	phrase = g_strdup_printf("%s carries the ssh session from %s", interface->shown, remote);
	session_add(interface->search, fields[9], phrase);
	return TRUE;
}

gboolean sessions_see(Search *search, const char *interface, const char *shown, GError **error)
{
	g_autoptr(GHashTable) addresses = addresses_of(interface, error);
	g_autofree char *tcp = NULL;
	g_autofree char *tcp6 = NULL;

	if (addresses == NULL)
		return FALSE;
	if (g_hash_table_size(addresses) == 0)
		return TRUE;
	if (!search_table(search, "net/tcp", &tcp, error) || !search_table(search, "net/tcp6", &tcp6, error))
		return FALSE;
	each_line(tcp, see_connection, &(Interface){ search, shown, addresses });
	each_line(tcp6, see_connection, &(Interface){ search, shown, addresses });
	return TRUE;
}
