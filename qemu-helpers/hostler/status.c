/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler status: who has what, and is hostler itself as it should be. */
#include <libvirt/libvirt.h>

#include "bundle.h"
#include "command.h"
#include "hostler-build.h"
#include "hostler/plugin.h"
#include "places.h"
#include "table.h"

static char *describe_stay(HostlerHost *host, const HostlerRecord *stay)
{
	gboolean alive = hostler_record_alive(host, stay);

	switch (stay->phase) {
	case HOSTLER_PHASE_PENDING:
		return alive ? g_strdup_printf("is being started by libvirt (pid %d)", stay->caller.pid) :
			       g_strdup("was being started when libvirt ended; mend: hostler settle");
	case HOSTLER_PHASE_HELD:
		return alive ? g_strdup_printf("runs, QEMU has pid %d", stay->qemu.pid) :
			       g_strdup_printf("QEMU (pid %d) is gone, libvirt has not said so; mend: hostler settle",
					       stay->qemu.pid);
	case HOSTLER_PHASE_ENDED:
	case HOSTLER_PHASE_STUCK:
		break;
	}
	return g_strdup("has ended, libvirt has not released it yet");
}

static void show_stays(HostlerHost *host, const HostlerSink *sink)
{
	g_autoptr(GPtrArray) stays = hostler_records_load(host, HOSTLER_RECORD_STAY);

	for (guint i = 0; i < stays->len; i++) {
		const HostlerRecord *stay = g_ptr_array_index(stays, i);
		g_autofree char *state = describe_stay(host, stay);
		g_autofree char *text = g_strdup_printf("%s, UUID %s", state, stay->uuid);

		sink->line(sink->data, stay, TABLE_VMS, stay->name, text);
	}
}

/* What has a claim and no stay: a device that is not back yet, or stuck. */
static void show_gone(HostlerHost *host, const HostlerSink *sink)
{
	g_autoptr(GPtrArray) claims = hostler_records_load(host, HOSTLER_RECORD_CLAIM);
	g_autoptr(GHashTable) shown = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < claims->len; i++) {
		const HostlerRecord *claim = g_ptr_array_index(claims, i);
		g_autoptr(HostlerRecord) stay = hostler_record_load(host, HOSTLER_RECORD_STAY, claim->uuid);
		g_autofree char *text = NULL;

		if (stay != NULL || !g_hash_table_add(shown, claim->uuid))
			continue;
		text = g_strdup_printf("is gone, but not all of its devices are back, UUID %s", claim->uuid);
		sink->line(sink->data, claim, TABLE_VMS, claim->name, text);
	}
}

static void show_plugins(HostlerHost *host, const HostlerSink *sink)
{
	const HostlerPlugin *const *plugins = hostler_plugins();

	for (guint i = 0; plugins[i] != NULL; i++) {
		if (plugins[i]->status != NULL)
			plugins[i]->status(host, sink);
	}
}

static int show(HostlerHost *host, const Request *request)
{
	g_autoptr(Table) table = table_new();
	HostlerSink sink = table_sink(table);
	Paper paper = paper_open();

	show_stays(host, &sink);
	show_gone(host, &sink);
	show_plugins(host, &sink);
	places_show_helpers(host, &sink, places_have_systemd());
	places_show_hooks(&sink, HOSTLER_HOOK_DIR);
	if (request->config_error != NULL)
		sink.line(sink.data, NULL, "settings", "hostler.conf", request->config_error->message);
	if (request->json)
		table_print_json(&paper, table);
	else
		table_print(&paper, table);
	return EXIT_FINE;
}

/* libvirt itself is not asked: it may be what does not answer. */
static int write_bundle(HostlerHost *host, const char *file, GError **error)
{
	unsigned long version = 0;
	g_autofree char *libvirt = NULL;
	g_autofree char *text = NULL;

	virGetVersion(&version, NULL, NULL);
	libvirt = g_strdup_printf("libvirt %lu.%lu.%lu", version / 1000000, version / 1000 % 1000, version % 1000);
	text = bundle_collect(host, (const char *const[]){ "hostler " HOSTLER_VERSION, libvirt, NULL });
	return bundle_write(file, text, error) ? EXIT_FINE : EXIT_COULD_NOT;
}

int command_status(HostlerHost *host, const Request *request, GError **error)
{
	if (request->bundle_file != NULL)
		return write_bundle(host, request->bundle_file, error);
	return show(host, request);
}
