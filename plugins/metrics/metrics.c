/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The metrics plugin: writes into the stay what of a VM is to be counted. The
 * counting itself is hostler-metrics' (qemu-helpers/metrics), which outlives the
 * hook and may wait for libvirt where a hook must not. */
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "address.h"
#include "cgroup.h"
#include "ground.h"
#include "helper.h"
#include "hostler/error.h"
#include "hostler/log.h"
#include "hostler/plugin.h"
#include "inventory.h"

static gboolean metrics_concerns(const HostlerDomain *domain)
{
	return TRUE;
}

/* Only root is sure to see it, so hostler-metrics is told. */
static void fill_cgroup(HostlerHost *host, HostlerRecord *stay)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/cgroup", stay->qemu.pid);
	g_autofree char *text = host->ops->kernel_text(host, path);
	g_autofree char *cgroup = text != NULL ? metrics_cgroup_of(text) : NULL;

	if (cgroup != NULL)
		g_key_file_set_string(stay->body, METRICS_GROUP, METRICS_CGROUP, cgroup);
}

/* hostler-metrics may not read libvirt's notes. Nobody tells a hook when the VM has arrived. */
static void fill_arrival(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay)
{
	if (host->ops->vm_arrives(host, domain->name, FALSE))
		g_key_file_set_boolean(stay->body, METRICS_GROUP, METRICS_ARRIVING, TRUE);
}

static gboolean metrics_started(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error)
{
	guint interval = domain->settings.metrics_interval;
	g_autoptr(GPtrArray) xmls = NULL;

	if (!host->config.metrics_enabled) {
		metrics_inventory_forget(stay->body);
		return TRUE;
	}
	xmls = host->ops->network_xmls(host);
	metrics_helper_make_log_dir(host);
	metrics_inventory_fill(stay->body, domain, interval != 0 ? interval : host->config.metrics_interval);
	metrics_addresses_fill(stay->body, domain, xmls);
	fill_cgroup(host, stay);
	fill_arrival(host, domain, stay);
	metrics_ground_fill(host, domain, xmls, stay->body);
	return TRUE;
}

/* Only in `stopped` libvirt still has its note of the VM; why QEMU ended tells no more than that it did. */
static void metrics_stopped(HostlerHost *host, const char *uuid)
{
	g_autoptr(HostlerRecord) stay = hostler_record_load(host, HOSTLER_RECORD_STAY, uuid);
	g_autoptr(GError) error = NULL;

	if (stay == NULL || !metrics_inventory_says(stay->body, METRICS_ARRIVING) ||
	    !host->ops->vm_arrives(host, stay->name, TRUE))
		return;
	g_key_file_set_boolean(stay->body, METRICS_GROUP, METRICS_NEVER_RAN, TRUE);
	if (!hostler_record_store(host, stay, &error))
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error),
			    &(HostlerSubject){ .vm = stay->name, .uuid = uuid }, "%s", error->message);
}

static char *describe_log(const char *path)
{
	GStatBuf info;
	gint64 age;

	if (g_stat(path, &info) < 0)
		return g_strdup_printf("no line yet in %s", path);
	age = g_get_real_time() / G_USEC_PER_SEC - (gint64)info.st_mtime;
	return g_strdup_printf("last line %" G_GINT64_FORMAT " s ago in %s", MAX(age, 0), path);
}

static void show_stay(HostlerHost *host, const HostlerSink *sink, const HostlerRecord *stay)
{
	g_autofree char *log_name = metrics_log_name(stay->name, stay->uuid);
	g_autofree char *path = g_build_filename(host->log_dir, log_name, NULL);
	g_autofree char *log = describe_log(path);
	g_autofree char *text = NULL;

	text = g_strdup_printf("every %u s, %s", metrics_inventory_interval(stay->body), log);
	sink->line(sink->data, stay, "metrics", "log", text);
}

static void metrics_status(HostlerHost *host, const HostlerSink *sink)
{
	g_autoptr(GPtrArray) stays = hostler_records_load(host, HOSTLER_RECORD_STAY);

	for (guint i = 0; i < stays->len; i++) {
		const HostlerRecord *stay = g_ptr_array_index(stays, i);

		if (stay->phase == HOSTLER_PHASE_HELD && metrics_inventory_interval(stay->body) != 0)
			show_stay(host, sink, stay);
	}
}

static void settle(HostlerHost *host, HostlerSettleDepth depth)
{
	metrics_helper_wake(host);
}

const HostlerPlugin hostler_plugin_metrics = {
	.name = "metrics",
	.concerns = metrics_concerns,
	.started = metrics_started,
	.apply = metrics_started,
	.stopped = metrics_stopped,
	.released = metrics_helper_remove_file,
	.settle = settle,
	.status = metrics_status,
};
