/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel routes nothing from 127.0.0.0/8 out by a bridge, nor answers to it back
 * in, unless the bridge's route_localnet says so; and then guests can reach what
 * listens there. So rules of ours stand before it is set, and until it is put back.
 * In /run/hostler/loopback is a file for each bridge of which we set it, made before
 * that. Who may not write there (hostler-watch) leaves it to the hooks. */
#include "plugins/forward/loopback.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "hostler/error.h"
#include "hostler/log.h"
#include "plugins/forward/stays.h"

static char *folder_path(HostlerHost *host)
{
	return g_build_filename(host->run_dir, "loopback", NULL);
}

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
GPtrArray *forward_loopback_wanted(const GPtrArray *stays)
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

static GPtrArray *load_set(HostlerHost *host)
{
	g_autofree char *path = folder_path(host);
	g_autoptr(GDir) entries = g_dir_open(path, 0, NULL);
	GPtrArray *bridges = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
		if (forward_bridge_is_plain(name))
			g_ptr_array_add(bridges, g_strdup(name));
	}
	return bridges;
}

GPtrArray *forward_loopback_guarded(HostlerHost *host, const GPtrArray *stays)
{
	g_autoptr(GPtrArray) set = load_set(host);
	GPtrArray *bridges = forward_loopback_wanted(stays);

	for (guint i = 0; i < set->len; i++) {
		if (!is_among(bridges, set->pdata[i]))
			g_ptr_array_add(bridges, g_strdup(set->pdata[i]));
	}
	g_ptr_array_sort(bridges, compare_strings);
	return bridges;
}

/* --- the setting --- */

/* -1: it cannot be written, or is not there. */
static int open_folder(HostlerHost *host)
{
	g_autofree char *path = folder_path(host);
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder >= 0 && faccessat(folder, ".", W_OK, AT_EACCESS) == 0)
		return folder;
	if (folder >= 0)
		close(folder);
	return -1;
}

static gboolean is_set(HostlerHost *host, const char *bridge)
{
	g_autofree char *path = g_build_filename("/proc/sys/net/ipv4/conf", bridge, "route_localnet", NULL);
	g_autofree char *text = host->ops->kernel_text(host, path);

	return text != NULL && !g_str_equal(text, "0");
}

static void warn(const char *bridge, const char *why)
{
	hostler_log(G_LOG_LEVEL_WARNING, "forward-loopback", NULL,
		    "forwards on 127.0.0.1 by bridge %s: %s; when that is mended: hostler settle", bridge, why);
}

/* A bridge that is gone has taken the setting along. */
static void put_back(HostlerHost *host, int folder, const char *bridge)
{
	g_autoptr(GError) error = NULL;

	if (!host->ops->route_localnet(host, bridge, FALSE, &error) &&
	    !g_error_matches(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT))
		warn(bridge, error->message);
	else if (unlinkat(folder, bridge, 0) < 0 && errno != ENOENT)
		warn(bridge, g_strerror(errno));
}

void forward_loopback_end(HostlerHost *host, const GPtrArray *stays)
{
	g_autoptr(GPtrArray) wanted = forward_loopback_wanted(stays);
	g_autoptr(GPtrArray) set = load_set(host);
	int folder = set->len > 0 ? open_folder(host) : -1;

	for (guint i = 0; folder >= 0 && i < set->len; i++) {
		if (!is_among(wanted, set->pdata[i]))
			put_back(host, folder, set->pdata[i]);
	}
	if (folder >= 0)
		close(folder);
}

/* One that was set before is not ours to put back, and has no file. */
static void set(HostlerHost *host, int folder, const char *bridge)
{
	g_autoptr(GError) error = NULL;
	int file;

	if (is_set(host, bridge))
		return;
	file = openat(folder, bridge, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (file < 0) {
		warn(bridge, g_strerror(errno));
		return;
	}
	close(file);
	if (!host->ops->route_localnet(host, bridge, TRUE, &error))
		warn(bridge, error->message);
}

void forward_loopback_begin(HostlerHost *host, const GPtrArray *stays)
{
	g_autoptr(GPtrArray) wanted = forward_loopback_wanted(stays);
	int folder = wanted->len > 0 ? open_folder(host) : -1;

	for (guint i = 0; folder >= 0 && i < wanted->len; i++)
		set(host, folder, wanted->pdata[i]);
	if (folder >= 0)
		close(folder);
}
