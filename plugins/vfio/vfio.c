/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hands a VM's PCI devices to vfio-pci and returns them as they were found. We
 * bind in `prepare`, before libvirt would: a device that is on vfio-pci already
 * libvirt neither binds nor returns, so both are ours, with a deadline. */
#include "hostler/error.h"
#include "hostler/lock.h"
#include "hostler/log.h"
#include "hostler/plugin.h"
#include "plugins/vfio/claim.h"
#include "plugins/vfio/device.h"
#include "plugins/vfio/display.h"
#include "plugins/vfio/move.h"
#include "plugins/vfio/plan.h"
#include "plugins/vfio/settle.h"
#include "plugins/vfio/status.h"

static gboolean concerns(const HostlerDomain *domain)
{
	return domain->devices->len > 0;
}

/* --- up --- */

static void check(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings)
{
	vfio_plan_free(vfio_plan_make(host, domain, VFIO_PLAN_FIRST, findings));
}

/* What `prepare` took under the same libvirtd is there at `start`; what a libvirtd
 * that was killed had prepared is taken anew. */
static gboolean is_new(HostlerHost *host, const HostlerDomain *domain, const char *bdf)
{
	g_autoptr(HostlerRecord) claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, bdf);

	return claim == NULL || !g_str_equal(claim->uuid, domain->uuid) || claim->phase != HOSTLER_PHASE_PENDING ||
	       claim->caller.pid != host->caller.pid || claim->caller.start != host->caller.start;
}

static gboolean lists_new(HostlerHost *host, const HostlerDomain *domain)
{
	for (guint i = 0; i < domain->devices->len; i++) {
		if (is_new(host, domain, ((const HostlerPciDevice *)g_ptr_array_index(domain->devices, i))->bdf))
			return TRUE;
	}
	return FALSE;
}

/* What was on vfio-pci already libvirt leaves there in the end. */
static gboolean is_libvirts(HostlerHost *host, const HostlerJob *device)
{
	g_autoptr(HostlerRecord) claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, device->bdf);

	return vfio_device_is_on_vfio(device) && (claim == NULL || vfio_claim_is_libvirts(claim));
}

/* Between `prepare` and `start` libvirt takes functions from network pools, and
 * binds them itself; those it also returns. One that is back from no VM of ours yet
 * we take over from that. */
static GArray *new_members(HostlerHost *host, const HostlerDomain *domain, const VfioPlan *plan, gboolean at_start)
{
	GArray *members = g_array_new(FALSE, TRUE, sizeof(VfioMember));

	for (guint i = 0; i < plan->taken->len; i++) {
		const VfioMember *member = &g_array_index(plan->taken, VfioMember, i);

		if (at_start && !is_new(host, domain, member->device->bdf))
			continue;
		if (at_start && is_libvirts(host, member->device))
			vfio_claim_for_libvirt(host, domain, member->device->bdf, NULL);
		else
			g_array_append_val(members, *member);
	}
	return members;
}

static gboolean load_vfio_pci(HostlerHost *host, GError **error)
{
	g_autoptr(GError) local = NULL;

	if (host->ops->driver_present(host, "vfio-pci") || host->ops->module_load(host, "vfio-pci", &local))
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_MODULE,
		    "the kernel has no vfio-pci driver: %s; see why: modprobe -v vfio-pci", local->message);
	return FALSE;
}

static gboolean take(HostlerHost *host, const HostlerDomain *domain, const GArray *members, GError **error)
{
	g_autoptr(GPtrArray) claims = NULL;

	if (members->len == 0)
		return TRUE;
	if (!load_vfio_pci(host, error))
		return FALSE;
	claims = vfio_claims_make(host, domain, members, error);
	return claims != NULL && vfio_display_release(host, domain, claims, error) &&
	       vfio_move_to_vm(host, claims, error);
}

static gboolean acquire(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error)
{
	gboolean at_start = stay == NULL;
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	g_autoptr(VfioPlan) plan = NULL;
	g_autoptr(GArray) members = NULL;

	if (at_start && !lists_new(host, domain))
		return TRUE;
	plan = vfio_plan_make(host, domain, at_start ? VFIO_PLAN_FIRST : VFIO_PLAN_AGAIN, findings);
	if (!hostler_findings_allow(findings, error))
		return FALSE;
	members = new_members(host, domain, plan, at_start);
	return take(host, domain, members, error);
}

/* Whoever has the lock is about to decide on the device, and sees that it is open. */
static void note_as_libvirts(HostlerHost *host, const HostlerDomain *domain, const char *bdf,
			     const HostlerRecord *stay)
{
	g_autoptr(HostlerLock) lock = hostler_lock_try(host, bdf, NULL);
	g_autoptr(HostlerRecord) claim = lock != NULL ? hostler_record_load(host, HOSTLER_RECORD_CLAIM, bdf) : NULL;

	if (lock != NULL && claim == NULL)
		vfio_claim_for_libvirt(host, domain, bdf, stay);
}

/* Hot-plugged: no hook was called, libvirt bound it. */
static void note_hot_plugged(HostlerHost *host, const HostlerDomain *domain, const HostlerRecord *stay)
{
	for (guint i = 0; i < domain->devices->len; i++) {
		const char *bdf = ((const HostlerPciDevice *)g_ptr_array_index(domain->devices, i))->bdf;
		g_autoptr(HostlerRecord) claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, bdf);

		if (claim == NULL && host->ops->pci_exists(host, bdf))
			note_as_libvirts(host, domain, bdf, stay);
	}
}

static gboolean started(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error)
{
	g_autoptr(GPtrArray) claims = hostler_claims_of(host, domain->uuid);

	for (guint i = 0; i < claims->len; i++) {
		HostlerRecord *claim = g_ptr_array_index(claims, i);

		/* Of an earlier run: this VM does not have it. */
		if (claim->phase == HOSTLER_PHASE_STUCK)
			continue;
		claim->caller = stay->caller;
		claim->qemu = stay->qemu;
		vfio_claim_enter(host, claim, stay->phase);
	}
	note_hot_plugged(host, domain, stay);
	return TRUE;
}

/* --- down --- */

/* The device stays where it is: libvirt resets devices between `stopped` and
 * `release`, and would reset it under the host's driver. So does one that was stuck
 * and comes loose just then. */
static void stopped(HostlerHost *host, const char *uuid)
{
	g_autoptr(GPtrArray) claims = hostler_claims_of(host, uuid);

	for (guint i = 0; i < claims->len; i++)
		vfio_claim_enter(host, g_ptr_array_index(claims, i), HOSTLER_PHASE_ENDED);
}

static void say_stuck(HostlerHost *host, HostlerRecord *claim)
{
	g_autoptr(GError) error = g_error_new(HOSTLER_ERROR, HOSTLER_ERROR_STUCK,
					      "%s is stuck: an operation on it has not come back from the kernel",
					      claim->key);

	if (!vfio_claim_stays_stuck(host, claim))
		vfio_claim_say(host, claim, HOSTLER_PHASE_STUCK, error);
}

/* Not those with a job still out: it has the device, and settles when it comes loose. */
static void leave_in_flight(HostlerHost *host, GPtrArray *claims)
{
	for (guint i = claims->len; i > 0; i--) {
		HostlerRecord *claim = g_ptr_array_index(claims, i - 1);

		if (!host->ops->job_in_flight(host, claim->key))
			continue;
		say_stuck(host, claim);
		g_ptr_array_remove_index(claims, i - 1);
	}
}

static void released(HostlerHost *host, const char *uuid)
{
	g_autoptr(GPtrArray) claims = hostler_claims_of(host, uuid);

	leave_in_flight(host, claims);
	vfio_move_back(host, claims);
}

const HostlerPlugin hostler_plugin_vfio = {
	.name = "vfio",
	.concerns = concerns,
	.check = check,
	.acquire = acquire,
	.started = started,
	.stopped = stopped,
	.released = released,
	.settle = vfio_settle,
	.status = vfio_status,
};
