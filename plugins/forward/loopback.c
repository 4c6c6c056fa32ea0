/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel routes nothing from 127.0.0.0/8 out by a bridge, nor answers to it back
 * in, unless the bridge's route_localnet says so; and then guests can reach what
 * listens there. So rules of ours stand before it is set, and until it is put back. */
#include "plugins/forward/loopback.h"

#include <string.h>

#include "plugins/forward/setting.h"
#include "plugins/forward/stays.h"

static gboolean turn_localnet(HostlerHost *host, const char *bridge, gboolean on, GError **error)
{
	return host->ops->route_localnet(host, bridge, on, error);
}

static const ForwardSetting setting = {
	.name = "route_localnet",
	.folder = "loopback",
	.use = "forwards on 127.0.0.1",
	.code = "forward-loopback",
	.turn = turn_localnet,
};

static gint compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gboolean is_among(const GPtrArray *bridges, const char *bridge)
{
	return g_ptr_array_find_with_equal_func((GPtrArray *)bridges, bridge, g_str_equal, NULL);
}

/* --- which bridges --- */

static void add_bridges(GPtrArray *bridges, const HostlerRecord *stay)
{
	g_autoptr(GArray) spans = forward_stay_spans(stay);

	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);

		if (span->family == AF_INET && span->address.family == AF_UNSPEC && !is_among(bridges, span->bridge))
			g_ptr_array_add(bridges, g_strdup(span->bridge));
	}
}

/* One lookup serves the ports of all VMs: when one asks, all are led there. */
static GPtrArray *find_wanted(const GPtrArray *stays)
{
	GPtrArray *bridges = g_ptr_array_new_with_free_func(g_free);
	gboolean asked = FALSE;

	for (guint i = 0; i < stays->len; i++)
		asked |= forward_stay_is_open(stays->pdata[i]) && forward_loopback_is_stored(
									  ((const HostlerRecord *)stays->pdata[i])->body);
	for (guint i = 0; asked && i < stays->len; i++) {
		if (forward_stay_is_open(stays->pdata[i]))
			add_bridges(bridges, stays->pdata[i]);
	}
	g_ptr_array_sort(bridges, compare_strings);
	return bridges;
}

GPtrArray *forward_loopback_guarded(HostlerHost *host, const GPtrArray *stays)
{
	g_autoptr(GPtrArray) set = forward_setting_ours(host, &setting);
	GPtrArray *bridges = find_wanted(stays);

	for (guint i = 0; i < set->len; i++) {
		if (!is_among(bridges, set->pdata[i]))
			g_ptr_array_add(bridges, g_strdup(set->pdata[i]));
	}
	g_ptr_array_sort(bridges, compare_strings);
	return bridges;
}

void forward_loopback_end(HostlerHost *host, const GPtrArray *stays)
{
	g_autoptr(GPtrArray) wanted = find_wanted(stays);

	forward_setting_end(host, &setting, wanted);
}

void forward_loopback_begin(HostlerHost *host, const GPtrArray *stays)
{
	g_autoptr(GPtrArray) wanted = find_wanted(stays);

	forward_setting_begin(host, &setting, wanted);
}
