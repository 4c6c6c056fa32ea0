/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hands a VM's PCI devices to vfio-pci and returns them as they were found. We
 * bind in `prepare`, before libvirt would: a device that is on vfio-pci already
 * libvirt neither binds nor returns, so both are ours, with a deadline. */
#include "hostler/error.h"
#include "hostler/log.h"
#include "hostler/plugin.h"
#include "hostler/text.h"
#include "plugins/vfio/check.h"
#include "plugins/vfio/claim.h"
#include "plugins/vfio/device.h"
#include "plugins/vfio/display.h"
#include "plugins/vfio/hand.h"

static gboolean concerns(const HostlerDomain *domain)
{
	return domain->devices->len > 0;
}

/* --- moving devices, side by side --- */

static HostlerJob *make_jobs(const GPtrArray *claims)
{
	HostlerJob *jobs = g_new0(HostlerJob, claims->len);

	for (guint i = 0; i < claims->len; i++) {
		HostlerRecord *claim = g_ptr_array_index(claims, i);

		jobs[i].bdf = claim->key;
		jobs[i].data = claim;
	}
	return jobs;
}

static gboolean hand_over(HostlerHost *host, const GPtrArray *claims, GError **error)
{
	g_autofree HostlerJob *jobs = make_jobs(claims);
	gboolean done = TRUE;

	host->ops->run_jobs(host, jobs, claims->len, vfio_hand_over);
	for (guint i = 0; i < claims->len; i++) {
		if (jobs[i].state == HOSTLER_JOB_STUCK)
			vfio_claim_say(host, jobs[i].data, HOSTLER_PHASE_STUCK, jobs[i].error);
		if (jobs[i].state != HOSTLER_JOB_DONE && done) {
			g_propagate_error(error, g_steal_pointer(&jobs[i].error));
			done = FALSE;
		}
	}
	hostler_jobs_clear(jobs, claims->len);
	return done;
}

static void end_claim(HostlerHost *host, HostlerJob *job)
{
	HostlerRecord *claim = job->data;
	HostlerSubject subject = { .vm = claim->name, .uuid = claim->uuid, .device = claim->key };
	g_autofree char *driver = g_key_file_get_string(claim->body, VFIO_FOUND, "driver", NULL);
	g_auto(GStrv) left = g_key_file_get_keys(job->answer, "left", NULL, NULL);

	for (gsize i = 0; left != NULL && left[i] != NULL; i++) {
		g_autofree char *why = g_key_file_get_string(job->answer, "left", left[i], NULL);

		hostler_log(G_LOG_LEVEL_MESSAGE, "vfio-attribute-left", &subject, "%s: %s is not as it was: %s",
			    claim->key, left[i], why);
	}
	hostler_log(G_LOG_LEVEL_MESSAGE, "vfio-returned", &subject, "%s returned to %s", claim->key,
		    driver != NULL ? driver : "no driver");
	hostler_record_remove(host, HOSTLER_RECORD_CLAIM, claim->key);
}

/* A device that is not back keeps its claim, and every settle tries again. */
static void give_back(HostlerHost *host, const GPtrArray *claims)
{
	g_autofree HostlerJob *jobs = make_jobs(claims);

	vfio_display_load(host, claims);
	host->ops->run_jobs(host, jobs, claims->len, vfio_give_back);
	for (guint i = 0; i < claims->len; i++) {
		if (jobs[i].state != HOSTLER_JOB_DONE)
			vfio_claim_say(host, jobs[i].data,
				       jobs[i].state == HOSTLER_JOB_STUCK ? HOSTLER_PHASE_STUCK : HOSTLER_PHASE_ENDED,
				       jobs[i].error);
		else if (vfio_display_restore(host, jobs[i].data))
			end_claim(host, &jobs[i]);
	}
	hostler_jobs_clear(jobs, claims->len);
}

/* --- up --- */

/* What `prepare` took under the same libvirtd is there at `start`; what a libvirtd
 * that was killed had prepared is taken anew. */
static gboolean is_new(HostlerHost *host, const HostlerDomain *domain, const char *bdf)
{
	g_autoptr(HostlerRecord) claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, bdf);

	return claim == NULL || !g_str_equal(claim->uuid, domain->uuid) || claim->phase != HOSTLER_PHASE_PENDING ||
	       claim->caller.pid != host->caller.pid || claim->caller.start != host->caller.start;
}

/* In BDF order, so that two VMs that want the same devices meet at the first. */
static int compare_bdfs(gconstpointer a, gconstpointer b)
{
	return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *new_devices(HostlerHost *host, const HostlerDomain *domain)
{
	g_autoptr(GPtrArray) bdfs = g_ptr_array_new();

	for (guint i = 0; i < domain->devices->len; i++) {
		const HostlerPciDevice *device = g_ptr_array_index(domain->devices, i);

		if (is_new(host, domain, device->bdf))
			g_ptr_array_add(bdfs, device->bdf);
	}
	g_ptr_array_sort(bdfs, compare_bdfs);
	return g_steal_pointer(&bdfs);
}

static gboolean all_answered(const VfioDevices *devices, GError **error)
{
	for (guint i = 0; i < devices->n; i++) {
		if (devices->jobs[i].state != HOSTLER_JOB_DONE) {
			g_propagate_error(error, g_error_copy(devices->jobs[i].error));
			return FALSE;
		}
	}
	return TRUE;
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

static gboolean acquire(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error)
{
	g_autoptr(GPtrArray) bdfs = new_devices(host, domain);
	g_autoptr(VfioDevices) devices = NULL;
	g_autoptr(GPtrArray) claims = NULL;

	if (bdfs->len == 0)
		return TRUE;
	devices = vfio_devices_read(host, bdfs);
	if (!all_answered(devices, error) || !load_vfio_pci(host, error))
		return FALSE;
	claims = vfio_claims_make(host, domain, devices, error);
	if (claims == NULL)
		return FALSE;
	if (vfio_display_release(host, domain, claims, error) && hand_over(host, claims, error))
		return TRUE;
	give_back(host, claims);
	return FALSE;
}

static gboolean started(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error)
{
	g_autoptr(GPtrArray) claims = hostler_claims_of(host, domain->uuid);

	for (guint i = 0; i < claims->len; i++) {
		HostlerRecord *claim = g_ptr_array_index(claims, i);

		claim->caller = stay->caller;
		claim->qemu = stay->qemu;
		vfio_claim_enter(host, claim, stay->phase);
	}
	return TRUE;
}

/* --- down --- */

/* The device stays where it is: libvirt resets devices between `stopped` and
 * `release`, and would reset it under the host's driver. */
static void stopped(HostlerHost *host, const char *uuid)
{
	g_autoptr(GPtrArray) claims = hostler_claims_of(host, uuid);

	for (guint i = 0; i < claims->len; i++) {
		HostlerRecord *claim = g_ptr_array_index(claims, i);

		if (claim->phase != HOSTLER_PHASE_STUCK)
			vfio_claim_enter(host, claim, HOSTLER_PHASE_ENDED);
	}
}

/* Not those with a job still out: it has the device, and settles when it comes loose. */
static void drop_in_flight(HostlerHost *host, GPtrArray *claims)
{
	for (guint i = claims->len; i > 0; i--) {
		const HostlerRecord *claim = g_ptr_array_index(claims, i - 1);

		if (host->ops->job_in_flight(host, claim->key))
			g_ptr_array_remove_index(claims, i - 1);
	}
}

static void released(HostlerHost *host, const char *uuid)
{
	g_autoptr(GPtrArray) claims = hostler_claims_of(host, uuid);

	drop_in_flight(host, claims);
	give_back(host, claims);
}

/* Whether settle is to return the claim's device now. QEMU's end that no hook
 * told of begins the wait for `release`: libvirt calls it when it comes back,
 * and resets the device just before. */
static gboolean is_over(HostlerHost *host, HostlerRecord *claim)
{
	if (hostler_record_alive(host, claim))
		return FALSE;
	if (claim->phase == HOSTLER_PHASE_HELD)
		vfio_claim_enter(host, claim, HOSTLER_PHASE_ENDED);
	return !hostler_record_in_grace(host, claim);
}

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

static void settle(HostlerHost *host)
{
	g_autoptr(GPtrArray) claims = hostler_records_load(host, HOSTLER_RECORD_CLAIM);

	drop_in_flight(host, claims);
	for (guint i = claims->len; i > 0; i--) {
		HostlerRecord *claim = g_ptr_array_index(claims, i - 1);

		if (forget_if_gone(host, claim) || !is_over(host, claim))
			g_ptr_array_remove_index(claims, i - 1);
	}
	if (claims->len > 0)
		give_back(host, claims);
}

static void status(HostlerHost *host, const HostlerSink *sink)
{
	g_autoptr(GPtrArray) claims = hostler_records_load(host, HOSTLER_RECORD_CLAIM);

	for (guint i = 0; i < claims->len; i++) {
		const HostlerRecord *claim = g_ptr_array_index(claims, i);
		g_autofree char *name = hostler_text_shown(claim->name);
		g_autofree char *driver = g_key_file_get_string(claim->body, VFIO_FOUND, "driver", NULL);
		g_autofree char *trouble = g_key_file_get_string(claim->body, "trouble", "text", NULL);
		g_autofree char *text = g_strdup_printf("%s by VM '%s', found on %s%s%s",
							hostler_phase_name(claim->phase), name,
							driver != NULL ? driver : "no driver",
							trouble != NULL ? "; " : "", trouble != NULL ? trouble : "");

		sink->line(sink->data, "devices", claim->key, text);
	}
}

const HostlerPlugin hostler_plugin_vfio = {
	.name = "vfio",
	.concerns = concerns,
	.check = vfio_check,
	.acquire = acquire,
	.started = started,
	.stopped = stopped,
	.released = released,
	.settle = settle,
	.status = status,
};
