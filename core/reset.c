/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's devices reset by hand: the way up and down again, without a guest. */
#include "core/reset.h"

#include "core/lifecycle.h"
#include "core/reach.h"
#include "core/settle.h"
#include "hostler/error.h"
#include "hostler/lock.h"
#include "hostler/plugin.h"
#include "hostler/record.h"

/* No port is opened, and nobody's desktop put aside: he may be sitting at it. */
static void keep_devices_only(HostlerDomain *domain)
{
	g_ptr_array_set_size(domain->settings.forwards, 0);
	domain->settings.display = HOSTLER_DISPLAY_KEEP;
	domain->settings.reset = HOSTLER_RESET_AUTO;
}

static gboolean refuse_running(HostlerHost *host, const HostlerDomain *domain, GError **error)
{
	g_autoptr(HostlerRecord) stay = hostler_record_load(host, HOSTLER_RECORD_STAY, domain->uuid);
	HostlerProcess qemu;

	if (!host->ops->qemu_find(host, domain->name, &qemu) && (stay == NULL || !hostler_record_alive(host, stay)))
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BUSY,
		    "it runs, and a reset would take its devices from under it; first: virsh shutdown %s",
		    domain->uuid);
	return FALSE;
}

/* A device that does not answer is what the last rung is for. */
static gboolean allow(HostlerHost *host, const HostlerDomain *domain, gboolean dead_too, GError **error)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();

	hostler_lifecycle_check(host, domain, findings);
	for (guint i = 0; dead_too && i < findings->items->len; i++) {
		HostlerFinding *finding = g_ptr_array_index(findings->items, i);

		if (finding->code == HOSTLER_ERROR_RESET_DEAD)
			finding->severity = HOSTLER_SEVERITY_NOTE;
	}
	return hostler_findings_allow(findings, error);
}

static gboolean acquire(HostlerHost *host, const HostlerDomain *domain, GError **error)
{
	const HostlerPlugin *const *plugins = hostler_plugins();
	g_autoptr(HostlerRecord) stay = NULL;

	stay = hostler_record_new(host, HOSTLER_RECORD_STAY, domain->uuid, domain->uuid, domain->name);
	for (guint i = 0; plugins[i] != NULL; i++) {
		if (plugins[i]->acquire != NULL && plugins[i]->concerns(domain) &&
		    !plugins[i]->acquire(host, domain, stay, error))
			return FALSE;
	}
	return TRUE;
}

static void tell(HostlerHost *host, const char *uuid, GPtrArray *said)
{
	g_autoptr(GPtrArray) claims = hostler_claims_of(host, uuid);

	for (guint i = 0; i < claims->len; i++) {
		const HostlerRecord *claim = g_ptr_array_index(claims, i);
		g_autofree char *outcome = g_key_file_get_string(claim->body, HOSTLER_CLAIM_RESET, "outcome", NULL);
		gboolean is_named = outcome != NULL && g_str_has_prefix(outcome, claim->key);

		if (outcome != NULL)
			g_ptr_array_add(said, is_named ? g_steal_pointer(&outcome) :
							 g_strdup_printf("%s %s", claim->key, outcome));
	}
}

static gboolean reset(HostlerHost *host, const HostlerDomain *domain, HostlerLastRung last, GPtrArray *said,
		      GError **error)
{
	g_autoptr(GError) local = NULL;
	gboolean sound = acquire(host, domain, &local);

	if (last != NULL && (sound || g_error_matches(local, HOSTLER_ERROR, HOSTLER_ERROR_RESET_DEAD))) {
		g_clear_error(&local);
		sound = last(host, domain->uuid, &local);
	}
	tell(host, domain->uuid, said);
	if (!sound)
		g_propagate_error(error, g_steal_pointer(&local));
	return sound;
}

/* Time of its own: what came before may have taken all there was. */
static void give_back(HostlerHost *host, const char *uuid)
{
	host->deadline = host->ops->monotonic(host) + host->config.hook_deadline * G_USEC_PER_SEC;
	hostler_lifecycle_down(host, uuid);
}

gboolean hostler_lifecycle_reset(HostlerHost *host, HostlerDomain *domain, HostlerLastRung last, GPtrArray *said,
				 GError **error)
{
	g_autoptr(HostlerLock) lock = hostler_lock_wait(host, domain->uuid, error);
	g_autoptr(GPtrArray) locks = NULL;
	gboolean sound;

	keep_devices_only(domain);
	if (lock == NULL || !refuse_running(host, domain, error))
		return FALSE;
	settle_all(host, HOSTLER_SETTLE_IN_PASSING);
	locks = reach_lock(host, domain, error);
	if (locks == NULL || !allow(host, domain, last != NULL, error))
		return FALSE;
	sound = reset(host, domain, last, said, error);
	give_back(host, domain->uuid);
	return sound;
}
