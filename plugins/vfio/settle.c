/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What no live VM owns goes back. Each claim is judged and acted on under its
 * device's lock; what another run has in its hands is left to that one. */
#include "plugins/vfio/settle.h"

#include <string.h>

#include "hostler/domain.h"
#include "hostler/lock.h"
#include "hostler/log.h"
#include "hostler/record.h"
#include "hostler/text.h"
#include "plugins/vfio/claim.h"
#include "plugins/vfio/display-record.h"
#include "plugins/vfio/display.h"
#include "plugins/vfio/move.h"

/* A desktop takes longer to come back than a hook of another VM has. */
static gboolean must_wait(HostlerHost *host, const HostlerRecord *claim, HostlerSettleDepth depth)
{
	if (depth == HOSTLER_SETTLE_IN_FULL || !g_key_file_has_group(claim->body, VFIO_DISPLAY))
		return FALSE;
	if (!vfio_claim_just_failed(host, claim))
		host->ops->helper_start(host, HOSTLER_HELPER_SETTLE);
	return TRUE;
}

static void forget(HostlerHost *host, const HostlerRecord *claim)
{
	HostlerSubject subject = { .vm = claim->name, .uuid = claim->uuid, .device = claim->key };
	g_autofree char *vm = hostler_text_shown(claim->name);

	hostler_log(G_LOG_LEVEL_WARNING, "vfio-gone", &subject,
		    "%s has gone from this host (pulled out, or lost by its bus) and cannot go back; VM '%s' had it, "
		    "its claim ends; lspci -s %s shows when it is there again", claim->key, vm, claim->key);
	hostler_record_remove(host, HOSTLER_RECORD_CLAIM, claim->key);
}

/* A device that is gone cannot be given back, and its claim must not refuse the
 * next one that is put in its place. One that was only to be found again is
 * looked for by whoever had it removed. */
static gboolean forget_if_gone(HostlerHost *host, HostlerRecord *claim, HostlerSettleDepth depth)
{
	if (!vfio_claim_is_gone(host, claim))
		return FALSE;
	if (!must_wait(host, claim, depth) && vfio_display_restore(host, claim))
		forget(host, claim);
	return TRUE;
}

/* `partner` may have been pulled out, and then has no group any more. */
static gboolean lists_member_of(HostlerHost *host, const HostlerDomain *domain, const char *group,
				const char *partner)
{
	for (guint i = 0; i < domain->devices->len; i++) {
		const HostlerPciDevice *device = g_ptr_array_index(domain->devices, i);
		g_autofree char *other = host->ops->pci_group(host, device->bdf);

		if (g_strcmp0(other, group) == 0 || g_strcmp0(device->bdf, partner) == 0)
			return TRUE;
	}
	return FALSE;
}

static gboolean has_listed_claim_in(HostlerHost *host, const char *uuid, const char *group)
{
	g_autoptr(GPtrArray) claims = hostler_claims_of(host, uuid);

	for (guint i = 0; i < claims->len; i++) {
		const HostlerRecord *claim = g_ptr_array_index(claims, i);
		g_autofree char *partner = vfio_claim_partner(claim);
		g_autofree char *other = host->ops->pci_group(host, claim->key);

		if (partner == NULL && g_strcmp0(other, group) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Hot-unplug calls no hook, but libvirt keeps a note of what its VMs have. A group
 * stays with the VM as long as that lists one member of it, and companions until
 * the last of those is back. That QEMU has closed a device is seen before it is
 * touched. */
gboolean vfio_has_left(HostlerHost *host, const HostlerRecord *claim)
{
	g_autofree char *xml = claim->phase == HOSTLER_PHASE_HELD ? host->ops->vm_xml(host, claim->uuid) : NULL;
	g_autofree char *group = host->ops->pci_group(host, claim->key);
	g_autofree char *partner = vfio_claim_partner(claim);
	g_autoptr(HostlerDomain) domain = NULL;

	if (xml == NULL || (partner != NULL && has_listed_claim_in(host, claim->uuid, group)))
		return FALSE;
	domain = hostler_domain_from_status(xml, strlen(xml), NULL);
	return domain != NULL && !lists_member_of(host, domain, group, partner);
}

/* libvirt, when it comes back, ends a VM of which it has a note, and resets its
 * devices; of one that it was only preparing it knows nothing. */
static gboolean libvirt_will_end_it(HostlerHost *host, const HostlerRecord *claim)
{
	g_autofree char *note = NULL;

	if (claim->phase == HOSTLER_PHASE_HELD)
		return TRUE;
	note = claim->phase == HOSTLER_PHASE_PENDING ? host->ops->vm_xml(host, claim->uuid) : NULL;
	return note != NULL;
}

/* Whether the claim's device is to be returned now. QEMU's end that no hook told
 * of begins the wait for `release`: libvirt calls it when it comes back, and
 * resets the device just before. Somebody must look again when that is over. With
 * trouble on record it was tried, so `release` has been. */
static gboolean is_over(HostlerHost *host, HostlerRecord *claim)
{
	if (hostler_record_alive(host, claim))
		return vfio_has_left(host, claim);
	if (libvirt_will_end_it(host, claim)) {
		vfio_claim_enter(host, claim, HOSTLER_PHASE_ENDED);
		host->ops->helper_start(host, HOSTLER_HELPER_SETTLE);
	}
	return !hostler_record_in_grace(host, claim) || vfio_claim_has_trouble(claim);
}

typedef struct {
	GHashTable *locks; /* HostlerLock, by BDF */
	GPtrArray *claims;
} Over;

/* Read again under the lock: the run that just let go may have moved the device. */
static void try_claim(HostlerHost *host, const char *bdf, HostlerSettleDepth depth, Over *over)
{
	g_autoptr(HostlerLock) lock = hostler_lock_try(host, bdf, NULL);
	g_autoptr(HostlerRecord) claim = NULL;

	if (lock == NULL || host->ops->job_in_flight(host, bdf))
		return;
	claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, bdf);
	if (claim == NULL || forget_if_gone(host, claim, depth) || !is_over(host, claim))
		return;
	g_hash_table_insert(over->locks, g_strdup(bdf), g_steal_pointer(&lock));
	g_ptr_array_add(over->claims, g_steal_pointer(&claim));
}

static void drop_failed(HostlerHost *host, const Over *over, gboolean again)
{
	for (guint i = over->claims->len; i > 0; i--) {
		const HostlerRecord *claim = g_ptr_array_index(over->claims, i - 1);

		if (!vfio_claim_just_failed(host, claim) && !(again && vfio_claim_has_trouble(claim)))
			continue;
		g_hash_table_remove(over->locks, claim->key);
		g_ptr_array_remove_index(over->claims, i - 1);
	}
}

/* FALSE: nothing was to be done. */
static gboolean settle_once(HostlerHost *host, HostlerSettleDepth depth, gboolean again)
{
	g_autoptr(GPtrArray) claims = hostler_records_load(host, HOSTLER_RECORD_CLAIM);
	g_autoptr(GHashTable) locks =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)hostler_lock_release);
	g_autoptr(GPtrArray) ended = g_ptr_array_new_with_free_func((GDestroyNotify)hostler_record_free);
	Over over = { locks, ended };

	for (guint i = 0; i < claims->len; i++)
		try_claim(host, ((const HostlerRecord *)g_ptr_array_index(claims, i))->key, depth, &over);
	if (again || depth == HOSTLER_SETTLE_IN_PASSING)
		drop_failed(host, &over, again);
	if (ended->len == 0)
		return FALSE;
	if (depth == HOSTLER_SETTLE_IN_FULL) {
		vfio_move_back_each(host, ended, locks);
	} else {
		/* It tries them, and does not wait for us. */
		g_hash_table_remove_all(locks);
		host->ops->helper_start(host, HOSTLER_HELPER_SETTLE);
	}
	return TRUE;
}

/* Companions may follow what went back, once. */
void vfio_settle(HostlerHost *host, HostlerSettleDepth depth)
{
	if (settle_once(host, depth, FALSE) && depth == HOSTLER_SETTLE_IN_FULL && hostler_host_time_left(host) > 0)
		settle_once(host, depth, TRUE);
}
