/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records in a bundle: VMs by number, and of each record what we know to name
 * nobody. What a newer plugin adds to a record is left out until it is listed here. */
#include "bundle.h"

/* --- names --- */

static guint number_of(Bundle *bundle, const char *uuid)
{
	guint at;

	if (!g_ptr_array_find_with_equal_func(bundle->uuids, uuid, g_str_equal, &at)) {
		at = bundle->uuids->len;
		g_ptr_array_add(bundle->uuids, g_strdup(uuid));
	}
	return at + 1;
}

static void learn_kind(Bundle *bundle, HostlerHost *host, HostlerRecordKind kind)
{
	g_autoptr(GPtrArray) records = hostler_records_load(host, kind);

	for (guint i = 0; i < records->len; i++) {
		const HostlerRecord *record = g_ptr_array_index(records, i);
		g_autofree char *alias = g_strdup_printf("vm-%u", number_of(bundle, record->uuid));

		redactor_hide(bundle->redactor, record->name, alias);
		redactor_hide(bundle->redactor, record->uuid, alias);
	}
}

static void learn_host(Bundle *bundle, HostlerHost *host, const char *path)
{
	g_autofree char *name = host->ops->kernel_text(host, path);

	if (name != NULL && !g_str_equal(name, "(none)") && !g_str_equal(name, "localhost"))
		redactor_hide_host(bundle->redactor, name);
}

void bundle_learn(Bundle *bundle, HostlerHost *host)
{
	learn_kind(bundle, host, HOSTLER_RECORD_STAY);
	learn_kind(bundle, host, HOSTLER_RECORD_ENDED);
	learn_kind(bundle, host, HOSTLER_RECORD_CLAIM);
	learn_host(bundle, host, "/proc/sys/kernel/hostname");
	learn_host(bundle, host, "/proc/sys/kernel/domainname");
}

/* --- what they say --- */

static void add_head(Bundle *bundle, HostlerHost *host, const HostlerRecord *record, const char *what)
{
	bundle_line(bundle, "%s: vm-%u, %s for %" G_GINT64_FORMAT " s%s", what, number_of(bundle, record->uuid),
		    hostler_phase_name(record->phase), host->ops->boottime(host) - record->since,
		    hostler_record_alive(host, record) ? ", alive" : "");
}

/* Group and key of a claim; a key of NULL: all of the group. */
static const struct {
	const char *group;
	const char *key;
} told[] = {
	{ HOSTLER_CLAIM_IDENTITY, NULL },   { HOSTLER_CLAIM_FOUND, "driver" },
	{ HOSTLER_CLAIM_FOUND, "module" },  { HOSTLER_CLAIM_FOUND, "driver_override" },
	{ HOSTLER_CLAIM_FOUND, "reset_method" }, { HOSTLER_CLAIM_FOUND, "power/control" },
	{ HOSTLER_CLAIM_FOUND, "d3cold_allowed" }, { "taken", NULL },
	{ HOSTLER_CLAIM_RESET, NULL },	    { "trouble", NULL },
};

static void add_value(Bundle *bundle, const HostlerRecord *claim, const char *group, const char *key)
{
	gboolean is_list = g_str_equal(group, HOSTLER_CLAIM_RESET) && g_str_equal(key, "tried");
	g_autofree char *value = is_list ? NULL : g_key_file_get_string(claim->body, group, key, NULL);
	g_auto(GStrv) values = is_list ? g_key_file_get_string_list(claim->body, group, key, NULL, NULL) : NULL;

	if (value != NULL)
		bundle_line(bundle, "  %s %s: %s", group, key, value);
	for (gsize i = 0; values != NULL && values[i] != NULL; i++)
		bundle_line(bundle, "  %s %s: %s", group, key, values[i]);
}

static void add_claim(Bundle *bundle, HostlerHost *host, const HostlerRecord *claim)
{
	add_head(bundle, host, claim, claim->key);
	for (gsize i = 0; i < G_N_ELEMENTS(told); i++) {
		g_auto(GStrv) keys = g_key_file_get_keys(claim->body, told[i].group, NULL, NULL);

		for (gsize j = 0; keys != NULL && keys[j] != NULL; j++) {
			if (told[i].key == NULL || g_str_equal(told[i].key, keys[j]))
				add_value(bundle, claim, told[i].group, keys[j]);
		}
	}
	if (host->ops->job_in_flight(host, claim->key))
		bundle_line(bundle, "  a call on it has not come back from the kernel");
}

static void add_stays(Bundle *bundle, HostlerHost *host, HostlerRecordKind kind, const char *what)
{
	g_autoptr(GPtrArray) stays = hostler_records_load(host, kind);

	for (guint i = 0; i < stays->len; i++)
		add_head(bundle, host, g_ptr_array_index(stays, i), what);
}

void bundle_add_records(Bundle *bundle, HostlerHost *host)
{
	g_autoptr(GPtrArray) claims = hostler_records_load(host, HOSTLER_RECORD_CLAIM);

	bundle_title(bundle, "records");
	add_stays(bundle, host, HOSTLER_RECORD_STAY, "stay");
	add_stays(bundle, host, HOSTLER_RECORD_ENDED, "ended");
	for (guint i = 0; i < claims->len; i++)
		add_claim(bundle, host, g_ptr_array_index(claims, i));
}
