/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a case leaves behind: devices that are not as found, records. */
#include <glib.h>

#include "fakehost.h"
#include "hostler/record.h"
#include "play.h"

static void tell_records(Play *play, GString *text, HostlerRecordKind kind, const char *folder)
{
	g_autoptr(GPtrArray) records = hostler_records_load(play->host, kind);

	for (guint i = 0; i < records->len; i++) {
		const HostlerRecord *record = g_ptr_array_index(records, i);

		g_string_append_printf(text, "  record %s/%s %s\n", folder, record->key,
				       hostler_phase_name(record->phase));
	}
}

static void tell_names(Play *play, GString *text, const char *folder)
{
	g_autofree char *path = g_build_filename(play->host->run_dir, folder, NULL);
	g_autoptr(GDir) names = g_dir_open(path, 0, NULL);
	const char *name;

	while (names != NULL && (name = g_dir_read_name(names)) != NULL)
		g_string_append_printf(text, "  record %s/%s\n", folder, name);
}

/* No case finds one set. */
static void tell_setting(Play *play, GString *text, const char *setting)
{
	g_autofree char *path = g_strdup_printf("/proc/sys/net/ipv4/conf/virbr0/%s", setting);
	g_autofree char *set = play->host->ops->kernel_text(play->host, path);

	if (g_strcmp0(set, "1") == 0)
		g_string_append_printf(text, "  virbr0: %s is set\n", setting);
}

char *play_left(Play *play)
{
	g_autofree char *differences = fakehost_differences(play->host);
	g_auto(GStrv) lines = g_strsplit(differences, "\n", -1);
	GString *text = g_string_new(NULL);

	for (gsize i = 0; lines[i] != NULL; i++) {
		if (*lines[i] != '\0')
			g_string_append_printf(text, "  %s\n", lines[i]);
	}
	tell_records(play, text, HOSTLER_RECORD_CLAIM, "devices");
	tell_records(play, text, HOSTLER_RECORD_STAY, "vms");
	tell_names(play, text, "watch");
	tell_names(play, text, "loopback");
	tell_names(play, text, "arp_accept");
	tell_setting(play, text, "route_localnet");
	tell_setting(play, text, "arp_accept");
	tell_names(play, text, "attention");
	tell_names(play, text, "bad");
	return g_string_free(text, FALSE);
}
