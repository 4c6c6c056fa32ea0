/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of the guests behind a bridge, leases and neighbours; and where the
 * host's own programs listen. */
#include "model.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/machine.h"
#include "hostler/error.h"

void fakehost_leases_set(HostlerHost *host, const char *bridge, const char *text)
{
	FakeHost *fake = (FakeHost *)host;

	if (text != NULL)
		g_hash_table_insert(fake->leases, g_strdup(bridge), g_strdup(text));
	else
		g_hash_table_remove(fake->leases, bridge);
}

void fakehost_neighbours_set(HostlerHost *host, const char *bridge, const char *text)
{
	g_hash_table_insert(((FakeHost *)host)->neighbours, g_strdup(bridge), g_strdup(text));
}

char *fake_lease_text(HostlerHost *host, const char *bridge, gsize *length, GError **error)
{
	char *text = g_strdup(g_hash_table_lookup(((FakeHost *)host)->leases, bridge));

	if (text != NULL && *text == '!') {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "it %s", text + 1);
		g_clear_pointer(&text, g_free);
	}
	*length = text != NULL ? strlen(text) : 0;
	return text;
}

/* "192.168.122.50 52:54:00:00:00:01 fresh" */
static void read_neighbour(const char *text, HostlerNeighbour *neighbour)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 3);
	unsigned int m[HOSTLER_MAC_BYTES];

	g_assert_cmpuint(g_strv_length(words), ==, 3);
	neighbour->family = strchr(words[0], ':') != NULL ? AF_INET6 : AF_INET;
	g_assert_cmpint(inet_pton(neighbour->family, words[0], neighbour->address), ==, 1);
	g_assert_cmpint(sscanf(words[1], "%x:%x:%x:%x:%x:%x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]), ==, 6);
	for (gsize i = 0; i < HOSTLER_MAC_BYTES; i++)
		neighbour->mac[i] = (guint8)m[i];
	neighbour->fresh = g_str_equal(words[2], "fresh");
}

GArray *fake_neighbours(HostlerHost *host, const char *bridge, GError **error)
{
	GArray *neighbours = g_array_new(FALSE, TRUE, sizeof(HostlerNeighbour));
	const char *text = g_hash_table_lookup(((FakeHost *)host)->neighbours, bridge);
	g_auto(GStrv) entries = g_strsplit(text != NULL ? text : "", ";", -1);

	for (gsize i = 0; entries[i] != NULL; i++) {
		HostlerNeighbour neighbour = { 0 };

		read_neighbour(entries[i], &neighbour);
		g_array_append_val(neighbours, neighbour);
	}
	return neighbours;
}

/* A test calls for the settling that what is heard would call for. */
int fake_listen(HostlerHost *host, GError **error)
{
	machine_error(error, EOPNOTSUPP, "cannot listen to what is played");
	return -1;
}

gboolean fake_neighbours_heard(HostlerHost *host, int fd, const char *const *guests)
{
	return TRUE;
}

/* "tcp 0.0.0.0 22 sshd (pid 812)": the last is its owner. An inode is the place in the list. */
static gboolean read_listener(const char *text, int protocol, HostlerListener *listener)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 4);

	g_assert_cmpuint(g_strv_length(words), ==, 4);
	if ((protocol == IPPROTO_TCP) != g_str_equal(words[0], "tcp"))
		return FALSE;
	listener->family = strchr(words[1], ':') != NULL ? AF_INET6 : AF_INET;
	listener->both = g_str_equal(words[1], "::");
	listener->port = (guint16)g_ascii_strtoull(words[2], NULL, 10);
	return inet_pton(listener->family, words[1], listener->address) == 1;
}

GArray *fake_listeners(HostlerHost *host, int protocol, GError **error)
{
	GArray *listeners = g_array_new(FALSE, TRUE, sizeof(HostlerListener));
	char *const *texts = ((FakeHost *)host)->listeners;

	for (guint i = 0; texts != NULL && texts[i] != NULL; i++) {
		HostlerListener listener = { .inode = i + 1 };

		if (read_listener(texts[i], protocol, &listener))
			g_array_append_val(listeners, listener);
	}
	return listeners;
}

char *fake_listener_owner(HostlerHost *host, guint32 inode)
{
	g_auto(GStrv) words = g_strsplit(((FakeHost *)host)->listeners[inode - 1], " ", 4);

	return g_strdup(words[3]);
}
