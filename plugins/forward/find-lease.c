/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a guest is by dnsmasq's leases and the kernel's neighbours: a lease that
 * runs comes first, then what answers with the guest's MAC, then a lease that is over. */
#include "plugins/forward/find.h"

#include <string.h>

#include "hostler/error.h"
#include "hostler/log.h"
#include "plugins/forward/lease.h"

/* What is known of one bridge. */
typedef struct {
	GArray *leases;     /* ForwardLease; NULL: there are some, and they make no sense */
	GArray *neighbours; /* HostlerNeighbour */
	/* Who was looked for last, and his newest lease or NULL: a card's spans follow one another, up to a thousand,
	 * and a guest may have taken fifty thousand leases. */
	char mac[FORWARD_MAC_LENGTH + 1];
	ForwardNet net;
	const ForwardLease *newest;
} Bridge;

struct _ForwardFinder {
	HostlerHost *host;
	GHashTable *bridges; /* Bridge, by name */
	gint64 now;          /* as leases count: seconds since the epoch */
};

static void free_bridge(gpointer data)
{
	Bridge *bridge = data;

	g_clear_pointer(&bridge->leases, g_array_unref);
	g_array_unref(bridge->neighbours);
	g_free(bridge);
}

ForwardFinder *forward_finder_new(HostlerHost *host)
{
	ForwardFinder *finder = g_new0(ForwardFinder, 1);

	finder->host = host;
	finder->bridges = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_bridge);
	finder->now = g_get_real_time() / G_USEC_PER_SEC;
	return finder;
}

void forward_finder_free(ForwardFinder *finder)
{
	g_hash_table_unref(finder->bridges);
	g_free(finder);
}

/* --- reading --- */

/* hostler-watch settles at each change of anything, and would say it each time: once, until the
 * trouble (NULL: none) is another. */
static gboolean is_news(HostlerHost *host, const char *source, const char *bridge, const char *trouble)
{
	g_autofree char *name = g_strdup_printf("%s of %s", source, bridge);
	gboolean same = g_strcmp0(g_datalist_get_data(&host->kept, name), trouble) == 0;

	if (trouble == NULL)
		g_datalist_remove_data(&host->kept, name);
	else if (!same)
		g_datalist_set_data_full(&host->kept, name, g_strdup(trouble), g_free);
	return trouble != NULL && !same;
}

static GArray *read_leases(HostlerHost *host, const char *bridge)
{
	g_autoptr(GError) error = NULL;
	gsize length = 0;
	g_autofree char *text = host->ops->lease_text(host, bridge, &length, &error);
	GArray *leases = text != NULL ? forward_leases_parse(text, length, &error) : NULL;
	gboolean is_senseless = g_error_matches(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD);

	if (is_news(host, "leases", bridge, error != NULL ? error->message : NULL))
		hostler_log(G_LOG_LEVEL_WARNING, "forward-lease", NULL,
			    "the leases of bridge %s cannot be read, so ports of guests without a reserved address "
			    "%s: %s", bridge,
			    is_senseless ? "stay as they are" : "lead to where these are heard of alone",
			    error->message);
	return leases != NULL || is_senseless ? leases : g_array_new(FALSE, TRUE, sizeof(ForwardLease));
}

static GArray *read_neighbours(HostlerHost *host, const char *bridge)
{
	g_autoptr(GError) error = NULL;
	GArray *neighbours = host->ops->neighbours(host, bridge, &error);

	if (is_news(host, "neighbours", bridge, error != NULL ? error->message : NULL))
		hostler_log(G_LOG_LEVEL_WARNING, "forward-lease", NULL,
			    "guests with an address of their own choosing are not found behind %s: %s", bridge,
			    error->message);
	return neighbours != NULL ? neighbours : g_array_new(FALSE, TRUE, sizeof(HostlerNeighbour));
}

static Bridge *look(ForwardFinder *finder, const char *name)
{
	Bridge *bridge = g_hash_table_lookup(finder->bridges, name);

	if (bridge == NULL) {
		bridge = g_new0(Bridge, 1);
		bridge->leases = read_leases(finder->host, name);
		bridge->neighbours = read_neighbours(finder->host, name);
		g_hash_table_insert(finder->bridges, g_strdup(name), bridge);
	}
	return bridge;
}

/* --- neighbours --- */

static ForwardAddress address_of(const HostlerNeighbour *neighbour)
{
	ForwardAddress address = { .family = (sa_family_t)neighbour->family };

	memcpy(address.bytes, neighbour->address, forward_address_size(&address));
	return address;
}

static gboolean has_mac(const HostlerNeighbour *neighbour, const char *mac)
{
	const guint8 *m = neighbour->mac;
	char text[FORWARD_MAC_LENGTH + 1];

	g_snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	return g_str_equal(text, mac);
}

static gboolean is_leased_to_other(const ForwardFinder *finder, const Bridge *bridge, const char *mac,
				   const ForwardAddress *address)
{
	const ForwardLease *lease = bridge->leases != NULL ? forward_leases_of(bridge->leases, address) : NULL;

	return lease != NULL && lease->expiry > finder->now && !g_str_equal(lease->mac, mac);
}

/* Whom the kernel would reach there just now; or was the last that it heard of there, however long ago. */
static gboolean is_answered_by_other(const Bridge *bridge, const char *mac, const ForwardAddress *address,
				     gboolean ever)
{
	for (guint i = 0; i < bridge->neighbours->len; i++) {
		const HostlerNeighbour *neighbour = &g_array_index(bridge->neighbours, HostlerNeighbour, i);
		ForwardAddress theirs = address_of(neighbour);

		if ((neighbour->fresh || ever) && forward_address_compare(&theirs, address) == 0)
			return !has_mac(neighbour, mac);
	}
	return FALSE;
}

/* The address that a card without privacy gives itself ends in its MAC: it stays. */
static gboolean is_made_of_mac(const HostlerNeighbour *neighbour)
{
	const guint8 *m = neighbour->mac;
	const guint8 end[] = { m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5] };

	return neighbour->family == AF_INET6 && memcmp(&neighbour->address[8], end, sizeof(end)) == 0;
}

typedef struct {
	gboolean fresh;
	gboolean held;
	gboolean made_of_mac;
	ForwardAddress address;
} Candidate;

/* A guest with two addresses must not make its forwards go to and fro. */
static gboolean is_better(const Candidate *a, const Candidate *b)
{
	if (a->fresh != b->fresh)
		return a->fresh;
	if (a->held != b->held)
		return a->held;
	if (a->made_of_mac != b->made_of_mac)
		return a->made_of_mac;
	return forward_address_compare(&a->address, &b->address) < 0;
}

static gboolean find_neighbour(const ForwardFinder *finder, const Bridge *bridge, const ForwardSpan *span,
			       const ForwardAddress *held, ForwardAddress *guest)
{
	Candidate best = { 0 };

	for (guint i = 0; i < bridge->neighbours->len; i++) {
		const HostlerNeighbour *neighbour = &g_array_index(bridge->neighbours, HostlerNeighbour, i);
		Candidate candidate = { .fresh = neighbour->fresh, .address = address_of(neighbour) };

		if (!has_mac(neighbour, span->mac) || !forward_net_suits_guest(&span->net, &candidate.address) ||
		    is_leased_to_other(finder, bridge, span->mac, &candidate.address))
			continue;
		candidate.held = forward_address_compare(held, &candidate.address) == 0;
		candidate.made_of_mac = is_made_of_mac(neighbour);
		if (best.address.family == AF_UNSPEC || is_better(&candidate, &best))
			best = candidate;
	}
	*guest = best.address;
	return best.address.family != AF_UNSPEC;
}

/* --- the answer --- */

static gboolean is_free(const ForwardFinder *finder, const Bridge *bridge, const char *mac,
			const ForwardAddress *address, gboolean ever)
{
	return !is_leased_to_other(finder, bridge, mac, address) &&
	       !is_answered_by_other(bridge, mac, address, ever);
}

static const ForwardLease *find_lease(Bridge *bridge, const ForwardSpan *span)
{
	if (!g_str_equal(bridge->mac, span->mac) || bridge->net.prefix != span->net.prefix ||
	    forward_address_compare(&bridge->net.address, &span->net.address) != 0) {
		g_strlcpy(bridge->mac, span->mac, sizeof(bridge->mac));
		bridge->net = span->net;
		bridge->newest = forward_leases_find(bridge->leases, span->mac, &span->net);
	}
	return bridge->newest;
}

/* Not by leases that a guest may have spoilt: it can say, too, that it has another's address, and they
 * alone would tell. */
static gboolean find_guest(const ForwardFinder *finder, Bridge *bridge, const ForwardSpan *span,
			   const ForwardAddress *held, ForwardAddress *guest)
{
	const ForwardLease *lease = find_lease(bridge, span);

	if (lease == NULL || lease->expiry <= finder->now) {
		if (find_neighbour(finder, bridge, span, held, guest))
			return TRUE;
		if (lease == NULL || !is_free(finder, bridge, span->mac, &lease->address, TRUE))
			return FALSE;
	}
	*guest = lease->address;
	return TRUE;
}

ForwardFound forward_find(ForwardFinder *finder, const ForwardSpan *span, const ForwardAddress *held,
			  ForwardAddress *guest)
{
	Bridge *bridge = look(finder, span->bridge);

	if (bridge->leases != NULL && find_guest(finder, bridge, span, held, guest))
		return FORWARD_FOUND;
	if (held->family == AF_UNSPEC || is_free(finder, bridge, span->mac, held, FALSE))
		return FORWARD_UNKNOWN;
	return FORWARD_NOWHERE;
}

gboolean forward_find_leased(ForwardFinder *finder, const ForwardSpan *span, ForwardAddress *guest)
{
	Bridge *bridge = look(finder, span->bridge);
	const ForwardLease *lease = bridge->leases != NULL ? find_lease(bridge, span) : NULL;

	if (lease == NULL || lease->expiry <= finder->now)
		return FALSE;
	*guest = lease->address;
	return TRUE;
}
