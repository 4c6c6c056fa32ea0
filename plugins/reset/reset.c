/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has each device reset between the host and a guest, while it is on vfio-pci
 * and nobody has it open: before the guest gets it, and after the guest is gone. */
#include "hostler/error.h"
#include "hostler/lock.h"
#include "hostler/log.h"
#include "hostler/plugin.h"
#include "plugins/reset/check.h"
#include "plugins/reset/claim.h"
#include "plugins/reset/ladder.h"
#include "plugins/reset/rescan.h"
#include "plugins/reset/suspend.h"

static gboolean concerns(const HostlerDomain *domain)
{
	return domain->devices->len > 0 && domain->settings.reset != HOSTLER_RESET_OFF;
}

/* --- what came of it --- */

static char *say_outcome(const ResetDevice *device)
{
	if (device->error != NULL)
		return g_strdup(device->error->message);
	if (!device->is_ours)
		return g_strdup("was not reset: it is in use or not on vfio-pci");
	if (device->tries->len == 0)
		return g_strdup("was not reset: the kernel knows no way for it");
	return reset_tries_text(device->tries);
}

static void log_outcome(const ResetDevice *device, const char *text)
{
	const HostlerRecord *claim = device->claim;
	HostlerSubject subject = { .vm = claim->name, .uuid = claim->uuid, .device = claim->key };

	if (device->error == NULL)
		hostler_log(G_LOG_LEVEL_MESSAGE, "reset", &subject, "%s %s", claim->key, text);
	else
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(device->error), &subject, "%s", text);
}

/* For `hostler status` and for whoever reads the claim. */
static void keep_outcome(HostlerHost *host, const ResetDevice *device)
{
	HostlerRecord *claim = device->claim;
	g_autofree char *text = say_outcome(device);
	g_autoptr(GPtrArray) tried = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < device->tries->len; i++)
		g_ptr_array_add(tried, reset_try_text(g_ptr_array_index(device->tries, i)));
	log_outcome(device, text);
	reset_rescan_forget(host, claim);
	g_key_file_set_string(claim->body, HOSTLER_CLAIM_RESET, "outcome", text);
	if (device->is_good && device->error == NULL)
		g_key_file_set_string(claim->body, HOSTLER_CLAIM_RESET, "clean", host->run);
	else
		g_key_file_remove_key(claim->body, HOSTLER_CLAIM_RESET, "clean", NULL);
	if (tried->len > 0)
		g_key_file_set_string_list(claim->body, HOSTLER_CLAIM_RESET, "tried",
					   (const char *const *)tried->pdata, tried->len);
	reset_claim_store(host, claim);
}

/* The ladder before this took its time, in which another VM may have started. */
gboolean reset_by_suspend(HostlerHost *host, const char *uuid, GError **error)
{
	const ResetQuirks *quirks = reset_quirks_of(host);
	g_autoptr(GPtrArray) claims = hostler_claims_of(host, uuid);
	g_autoptr(GPtrArray) devices = reset_devices_new(claims, quirks);
	gboolean sound;

	if (!reset_suspend_allowed(host, uuid, error))
		return FALSE;
	sound = reset_suspend_all(host, devices, error);
	for (guint i = 0; i < devices->len; i++)
		keep_outcome(host, g_ptr_array_index(devices, i));
	return sound;
}

/* FALSE with the first device that is dead, not sound, or did not answer. */
static gboolean reset_claims(HostlerHost *host, const GPtrArray *claims, GError **error)
{
	const ResetQuirks *quirks = reset_quirks_of(host);
	g_autoptr(GPtrArray) devices = reset_devices_new(claims, quirks);
	gboolean sound = reset_ladder_climb(host, devices, error);

	for (guint i = 0; i < devices->len; i++)
		keep_outcome(host, g_ptr_array_index(devices, i));
	return sound;
}

/* --- slots --- */

/* In this run, by our acquire; a VM with reset="off" has claims without it. */
static gboolean was_reset_before(const HostlerRecord *claim)
{
	return g_key_file_has_group(claim->body, HOSTLER_CLAIM_RESET);
}

/* libvirt's own are not described, and libvirt resets them. */
static gboolean is_ours(const HostlerRecord *claim)
{
	return g_key_file_has_group(claim->body, HOSTLER_CLAIM_IDENTITY);
}

/* By this very run of ours: no guest can have had it since. */
static gboolean is_clean(HostlerHost *host, const HostlerRecord *claim)
{
	g_autofree char *run = g_key_file_get_string(claim->body, HOSTLER_CLAIM_RESET, "clean", NULL);

	return g_strcmp0(run, host->run) == 0;
}

static void drop_reset_already(GPtrArray *claims)
{
	for (guint i = claims->len; i > 0; i--) {
		const HostlerRecord *claim = g_ptr_array_index(claims, i - 1);

		if (was_reset_before(claim) || !is_ours(claim))
			g_ptr_array_remove_index(claims, i - 1);
	}
}

static gboolean acquire(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error)
{
	g_autoptr(GPtrArray) claims = hostler_claims_of(host, domain->uuid);

	drop_reset_already(claims);
	return claims->len == 0 || reset_claims(host, claims, error);
}

/* One that is not has its slot reset with the others. */
static gboolean all_clean(HostlerHost *host, const GPtrArray *claims)
{
	for (guint i = 0; i < claims->len; i++) {
		if (!is_clean(host, g_ptr_array_index(claims, i)))
			return FALSE;
	}
	return TRUE;
}

/* Before vfio returns them: a device goes back to the host as clean as it came. */
static void released(HostlerHost *host, const char *uuid)
{
	g_autoptr(GPtrArray) claims = hostler_claims_of(host, uuid);

	reset_rescan_lost(host, claims);
	for (guint i = claims->len; i > 0; i--) {
		const HostlerRecord *claim = g_ptr_array_index(claims, i - 1);

		if (claim->phase != HOSTLER_PHASE_ENDED || !was_reset_before(claim) ||
		    host->ops->job_in_flight(host, claim->key) || !host->ops->pci_exists(host, claim->key))
			g_ptr_array_remove_index(claims, i - 1);
	}
	if (!all_clean(host, claims))
		reset_claims(host, claims, NULL);
}

static gboolean is_to_be_found(const HostlerRecord *claim)
{
	return g_key_file_has_key(claim->body, HOSTLER_CLAIM_RESET, HOSTLER_CLAIM_RESCAN, NULL);
}

/* Whoever has the lock sees to it itself, and when it lets go the claim may be another, or
 * gone. What was found goes back with the next settle: vfio has had its turn in this one. */
static void look_for_lost(HostlerHost *host, const char *bdf)
{
	g_autoptr(HostlerLock) lock = hostler_lock_try(host, bdf, NULL);
	g_autoptr(HostlerRecord) claim = lock != NULL ? hostler_record_load(host, HOSTLER_RECORD_CLAIM, bdf) : NULL;
	g_autoptr(GPtrArray) one = g_ptr_array_new();

	if (claim == NULL || !is_to_be_found(claim))
		return;
	g_ptr_array_add(one, claim);
	if (reset_rescan_lost(host, one))
		host->ops->helper_start(host, HOSTLER_HELPER_SETTLE);
	if (reset_rescan_forget(host, claim))
		reset_claim_store(host, claim);
}

static void settle(HostlerHost *host, HostlerSettleDepth depth)
{
	g_autoptr(GPtrArray) claims = hostler_records_load(host, HOSTLER_RECORD_CLAIM);

	for (guint i = 0; depth == HOSTLER_SETTLE_IN_FULL && i < claims->len; i++) {
		const HostlerRecord *claim = g_ptr_array_index(claims, i);

		if (is_to_be_found(claim))
			look_for_lost(host, claim->key);
	}
}

static void status(HostlerHost *host, const HostlerSink *sink)
{
	g_autoptr(GPtrArray) claims = hostler_records_load(host, HOSTLER_RECORD_CLAIM);

	for (guint i = 0; i < claims->len; i++) {
		const HostlerRecord *claim = g_ptr_array_index(claims, i);
		g_autofree char *outcome = g_key_file_get_string(claim->body, HOSTLER_CLAIM_RESET, "outcome", NULL);

		if (outcome != NULL)
			sink->line(sink->data, claim, "resets", claim->key, outcome);
	}
}

const HostlerPlugin hostler_plugin_reset = {
	.name = "reset",
	.concerns = concerns,
	.look = reset_look,
	.check = reset_check,
	.check_host = reset_check_host,
	.acquire = acquire,
	.released = released,
	.settle = settle,
	.status = status,
};
