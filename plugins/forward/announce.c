/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that arrives by migration keeps the address that another host's dnsmasq gave
 * it and need not say a word to us; but its kernel announces that address on the bridge,
 * by a gratuitous ARP. Ours makes a neighbour of that when the bridge's arp_accept is set. */
#include "plugins/forward/announce.h"

#include "plugins/forward/setting.h"
#include "plugins/forward/stays.h"

static gboolean turn_accept(HostlerHost *host, const char *bridge, gboolean on, GError **error)
{
	return host->ops->arp_accept(host, bridge, on, error);
}

static const ForwardSetting setting = {
	.name = "arp_accept",
	.folder = "arp_accept",
	.use = "ports of guests that arrive by migration open when the guest speaks",
	.code = "forward-lease",
	.turn = turn_accept,
};

static void add_bridges(GPtrArray *bridges, const HostlerRecord *stay)
{
	g_autoptr(GArray) spans = forward_stay_spans(stay);

	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);

		if (span->family == AF_INET && forward_span_floats(span) &&
		    !g_ptr_array_find_with_equal_func(bridges, span->bridge, g_str_equal, NULL))
			g_ptr_array_add(bridges, g_strdup(span->bridge));
	}
}

void forward_announce_settle(HostlerHost *host, const GPtrArray *stays)
{
	g_autoptr(GPtrArray) bridges = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < stays->len; i++)
		add_bridges(bridges, stays->pdata[i]);
	forward_setting_end(host, &setting, bridges);
	forward_setting_begin(host, &setting, bridges);
}
