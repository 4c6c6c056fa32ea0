/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a claim still speaks of the device that is there, and keeps it from others. */
#include "hostler/error.h"
#include "hostler/record.h"
#include "hostler/text.h"

static void set_changed(GError **error, const HostlerRecord *claim, const char *key, const char *then,
			const char *now)
{
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_CHANGED,
		    "%s is not the device that was handed over (its %s was %s and is %s), so the host's driver does "
		    "not get it; when you have seen to it: rm /run/hostler/devices/%s", claim->key, key, then, now,
		    claim->key);
}

gboolean hostler_claim_matches(HostlerHost *host, const HostlerRecord *claim, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(claim->body, HOSTLER_CLAIM_IDENTITY, NULL, NULL);

	for (gsize i = 0; keys != NULL && keys[i] != NULL; i++) {
		g_autofree char *then = g_key_file_get_string(claim->body, HOSTLER_CLAIM_IDENTITY, keys[i], NULL);
		g_autofree char *now = host->ops->pci_read(host, claim->key, keys[i], error);

		if (now == NULL)
			return FALSE;
		if (g_strcmp0(then, now) == 0)
			continue;
		set_changed(error, claim, keys[i], then, now);
		return FALSE;
	}
	return TRUE;
}

/* Records alone: a device that is open all the same, or has a call out, is its
 * plugin's to see. */
gboolean hostler_claim_free_for(HostlerHost *host, const char *bdf, const char *uuid, GError **error)
{
	g_autoptr(HostlerRecord) claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, bdf);
	g_autofree char *name = hostler_text_shown(claim != NULL ? claim->name : NULL);
	gboolean in_grace;

	if (claim == NULL || g_str_equal(claim->uuid, uuid))
		return TRUE;
	in_grace = hostler_record_in_grace(host, claim);
	if (!in_grace && !hostler_record_alive(host, claim))
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_CLAIMED, "%s belongs to VM '%s'; %s%s", bdf, name,
		    in_grace ? "that VM is just giving it back; try again in half a minute" :
			       "shut that VM down: virsh shutdown ",
		    in_grace ? "" : claim->uuid);
	return FALSE;
}
