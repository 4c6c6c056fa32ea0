/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What no live VM owns goes back. Each claim is judged and acted on under its
 * device's lock; what another run has in its hands is left to that one. */
#include "plugins/vfio/settle.h"

#include <string.h>

#include "hostler/domain.h"
#include "hostler/lock.h"
#include "hostler/log.h"
#include "hostler/record.h"
#include "plugins/vfio/claim.h"
#include "plugins/vfio/display.h"
#include "plugins/vfio/move.h"

/* A device that is gone cannot be given back, and its claim must not refuse the
 * next one that is put in its place. */
static gboolean forget_if_gone(HostlerHost *host, HostlerRecord *claim)
{
	if (host->ops->pci_exists(host, claim->key))
		return FALSE;
	if (vfio_display_restore(host, claim))
		hostler_record_remove(host, HOSTLER_RECORD_CLAIM, claim->key);
	return TRUE;
}

/* The device for whose sake it was taken has left the VM while that runs on. */
static gboolean has_lost_partner(HostlerHost *host, const HostlerRecord *claim)
{
	g_autofree char *partner = vfio_claim_partner(claim);
	g_autoptr(HostlerRecord) other = NULL;

	if (partner == NULL || claim->phase != HOSTLER_PHASE_HELD)
		return FALSE;
	other = hostler_record_load(host, HOSTLER_RECORD_CLAIM, partner);
	return other == NULL || !g_str_equal(other->uuid, claim->uuid);
}

static gboolean is_listed(const HostlerDomain *domain, const char *bdf)
{
	for (guint i = 0; i < domain->devices->len; i++) {
		if (g_str_equal(((const HostlerPciDevice *)g_ptr_array_index(domain->devices, i))->bdf, bdf))
			return TRUE;
	}
	return FALSE;
}

/* Hot-unplug calls no hook, but libvirt keeps a note of what its VMs have. That
 * QEMU has closed the device is seen before it is touched. */
static gboolean was_unplugged(HostlerHost *host, const HostlerRecord *claim)
{
	g_autofree char *xml = NULL;
	g_autofree char *partner = vfio_claim_partner(claim);
	g_autoptr(HostlerDomain) domain = NULL;

	if (claim->phase != HOSTLER_PHASE_HELD || partner != NULL)
		return FALSE;
	xml = host->ops->vm_xml(host, claim->uuid);
	domain = xml != NULL ? hostler_domain_from_status(xml, strlen(xml), NULL) : NULL;
	return domain != NULL && !is_listed(domain, claim->key);
}

/* Whether the claim's device is to be returned now. QEMU's end that no hook told
 * of begins the wait for `release`: libvirt calls it when it comes back, and
 * resets the device just before. Somebody must look again when that is over. With
 * trouble on record it was tried, so `release` has been. */
static gboolean is_over(HostlerHost *host, HostlerRecord *claim)
{
	if (hostler_record_alive(host, claim))
		return was_unplugged(host, claim) || has_lost_partner(host, claim);
	if (claim->phase == HOSTLER_PHASE_HELD) {
		vfio_claim_enter(host, claim, HOSTLER_PHASE_ENDED);
		host->ops->helper_start(host, HOSTLER_HELPER_SETTLE);
	}
	return !hostler_record_in_grace(host, claim) || vfio_claim_has_trouble(claim);
}

typedef struct {
	GPtrArray *locks;
	GPtrArray *claims;
} Over;

/* Read again under the lock: the run that just let go may have moved the device. */
static void try_claim(HostlerHost *host, const char *bdf, Over *over)
{
	g_autoptr(HostlerLock) lock = hostler_lock_try(host, bdf, NULL);
	g_autoptr(HostlerRecord) claim = NULL;

	if (lock == NULL || host->ops->job_in_flight(host, bdf))
		return;
	claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, bdf);
	if (claim == NULL || forget_if_gone(host, claim) || !is_over(host, claim))
		return;
	g_ptr_array_add(over->locks, g_steal_pointer(&lock));
	g_ptr_array_add(over->claims, g_steal_pointer(&claim));
}

static gboolean any_is_worth_a_try(HostlerHost *host, const GPtrArray *claims)
{
	for (guint i = 0; i < claims->len; i++) {
		if (!vfio_claim_just_failed(host, g_ptr_array_index(claims, i)))
			return TRUE;
	}
	return FALSE;
}

void vfio_settle(HostlerHost *host, HostlerSettleDepth depth)
{
	g_autoptr(GPtrArray) claims = hostler_records_load(host, HOSTLER_RECORD_CLAIM);
	g_autoptr(GPtrArray) locks = g_ptr_array_new_with_free_func((GDestroyNotify)hostler_lock_release);
	g_autoptr(GPtrArray) ended = g_ptr_array_new_with_free_func((GDestroyNotify)hostler_record_free);
	Over over = { locks, ended };

	for (guint i = 0; i < claims->len; i++)
		try_claim(host, ((const HostlerRecord *)g_ptr_array_index(claims, i))->key, &over);
	if (depth == HOSTLER_SETTLE_IN_FULL)
		vfio_move_back(host, ended);
	else if (any_is_worth_a_try(host, ended))
		host->ops->helper_start(host, HOSTLER_HELPER_SETTLE);
}
