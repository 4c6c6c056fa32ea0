/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The addresses of the host's interfaces, as the kernel lists them. */
#include "host/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>

#include "host/machine.h"

static const void *bytes_of(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	if (address->sa_family == AF_INET6)
		return &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	return NULL;
}

GStrv host_addresses(HostlerHost *host, GError **error)
{
	g_autoptr(GStrvBuilder) texts = g_strv_builder_new();
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0) {
		machine_error(error, errno, "cannot list the addresses of this host");
		return NULL;
	}
	for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
		const void *bytes = one->ifa_addr != NULL ? bytes_of(one->ifa_addr) : NULL;
		char text[INET6_ADDRSTRLEN];

		if (bytes != NULL && inet_ntop(one->ifa_addr->sa_family, bytes, text, sizeof(text)) != NULL)
			g_strv_builder_add(texts, text);
	}
	freeifaddrs(all);
	return g_strv_builder_end(texts);
}
