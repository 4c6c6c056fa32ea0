/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the forwards of one VM ask for a port twice. */

#include "core/ports.h"

#define N_PORTS 65536

typedef guint8 PortSet[N_PORTS / 8];

static gboolean has(const guint8 *set, guint port)
{
	return (set[port / 8] >> port % 8) & 1;
}

static void add(guint8 *set, guint port)
{
	set[port / 8] |= (guint8)(1u << port % 8);
}

static gboolean same_door(const HostlerForward *a, const HostlerForward *b)
{
	return a->proto == b->proto && g_strcmp0(a->address, b->address) == 0;
}

static guint8 *find_excluded(const HostlerForward *forward)
{
	guint8 *set = g_malloc0(sizeof(PortSet));

	for (guint i = 0; i < forward->ranges->len; i++) {
		const HostlerPortRange *range = &g_array_index(forward->ranges, HostlerPortRange, i);

		for (guint port = range->start; range->exclude && port <= range->end; port++)
			add(set, port);
	}
	return set;
}

/* Adds what `forward` takes to `taken`; the port that is there already, or 0. */
static guint take(guint8 *taken, const HostlerForward *forward)
{
	g_autofree guint8 *excluded = find_excluded(forward);

	for (guint i = 0; i < forward->ranges->len; i++) {
		const HostlerPortRange *range = &g_array_index(forward->ranges, HostlerPortRange, i);

		for (guint port = range->start; !range->exclude && port <= range->end; port++) {
			if (has(excluded, port))
				continue;
			if (has(taken, port))
				return port;
			add(taken, port);
		}
	}
	return 0;
}

const HostlerForward *hostler_ports_find_clash(const GPtrArray *forwards, guint *port)
{
	g_autoptr(GPtrArray) taken = g_ptr_array_new_with_free_func(g_free); /* by the first forward of a door */

	for (guint i = 0; i < forwards->len; i++) {
		const HostlerForward *forward = g_ptr_array_index(forwards, i);
		guint door = 0;

		while (!same_door(g_ptr_array_index(forwards, door), forward))
			door++;
		g_ptr_array_add(taken, door == i ? g_malloc0(sizeof(PortSet)) : NULL);
		*port = take(g_ptr_array_index(taken, door), forward);
		if (*port != 0)
			return forward;
	}
	return NULL;
}
