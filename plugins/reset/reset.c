/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has each device reset between the host and a guest, while it is on vfio-pci
 * and nobody has it open: before the guest gets it, and after the guest is gone. */
#include "hostler/error.h"
#include "hostler/log.h"
#include "hostler/plugin.h"
#include "plugins/reset/device.h"
#include "plugins/reset/slot.h"

static gboolean concerns(const HostlerDomain *domain)
{
	return domain->devices->len > 0 && domain->settings.reset != HOSTLER_RESET_OFF;
}

/* --- what came of it --- */

static char *say_outcome(const HostlerJob *job)
{
	g_autofree char *methods = g_key_file_get_string(job->answer, HOSTLER_CLAIM_RESET, "methods", NULL);
	g_autofree char *verdict = g_key_file_get_string(job->answer, HOSTLER_CLAIM_RESET, "verdict", NULL);
	g_autofree char *how = g_key_file_get_string(job->answer, HOSTLER_CLAIM_RESET, "how", NULL);
	g_autofree char *kernel = g_key_file_get_string(job->answer, HOSTLER_CLAIM_RESET, "kernel", NULL);
	gint64 took = g_key_file_get_int64(job->answer, HOSTLER_CLAIM_RESET, "microseconds", NULL);

	if (methods == NULL)
		return g_strdup("was not reset: it is in use or not on vfio-pci");
	if (verdict == NULL)
		return g_strdup("was not reset: the kernel knows no way for it");
	return g_strdup_printf("%s (%s, %" G_GINT64_FORMAT " ms)%s%s", verdict, how, took / 1000,
			       kernel != NULL ? "; the kernel said: " : "", kernel != NULL ? kernel : "");
}

static void keep_outcome(HostlerHost *host, HostlerRecord *claim, const HostlerJob *job)
{
	HostlerSubject subject = { .vm = claim->name, .uuid = claim->uuid, .device = claim->key };
	g_autofree char *text = job->state == HOSTLER_JOB_DONE ? say_outcome(job) : g_strdup(job->error->message);
	g_autoptr(GError) error = NULL;

	if (job->state == HOSTLER_JOB_DONE)
		hostler_log(G_LOG_LEVEL_MESSAGE, "reset", &subject, "%s %s", claim->key, text);
	else
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(job->error), &subject, "%s", text);
	g_key_file_set_string(claim->body, HOSTLER_CLAIM_RESET, "outcome", text);
	if (!hostler_record_store(host, claim, &error))
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error), &subject, "%s", error->message);
}

static gboolean reset_slots_of(HostlerHost *host, const HostlerJob *jobs, guint n, GError **error)
{
	g_autoptr(GPtrArray) bdfs = g_ptr_array_new();
	g_autofree GKeyFile **answers = g_new(GKeyFile *, n);

	for (guint i = 0; i < n; i++) {
		answers[i] = jobs[i].answer;
		g_ptr_array_add(bdfs, (char *)jobs[i].bdf);
	}
	return reset_slots(host, bdfs, answers, error);
}

/* FALSE with the first device that is dead or did not answer. */
static gboolean reset_claims(HostlerHost *host, const GPtrArray *claims, GError **error)
{
	g_autofree HostlerJob *jobs = g_new0(HostlerJob, claims->len);
	gboolean sound;

	for (guint i = 0; i < claims->len; i++) {
		HostlerRecord *claim = g_ptr_array_index(claims, i);

		jobs[i].bdf = claim->key;
		jobs[i].data = claim;
	}
	host->ops->run_jobs(host, jobs, claims->len, reset_device);
	sound = reset_slots_of(host, jobs, claims->len, error);
	for (guint i = 0; i < claims->len; i++) {
		keep_outcome(host, g_ptr_array_index(claims, i), &jobs[i]);
		if (jobs[i].state != HOSTLER_JOB_DONE && sound) {
			g_propagate_error(error, g_steal_pointer(&jobs[i].error));
			sound = FALSE;
		}
	}
	hostler_jobs_clear(jobs, claims->len);
	return sound;
}

/* --- slots --- */

static void check(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings)
{
	g_autofree HostlerJob *jobs = g_new0(HostlerJob, domain->devices->len);
	guint n = 0;

	for (guint i = 0; i < domain->devices->len; i++) {
		const HostlerPciDevice *device = g_ptr_array_index(domain->devices, i);

		if (host->ops->pci_exists(host, device->bdf) && !host->ops->job_in_flight(host, device->bdf))
			jobs[n++].bdf = device->bdf;
	}
	host->ops->run_jobs(host, jobs, n, reset_look);
	for (guint i = 0; i < n; i++) {
		g_autofree char *methods = NULL;

		if (jobs[i].state == HOSTLER_JOB_DONE)
			methods = g_key_file_get_string(jobs[i].answer, HOSTLER_CLAIM_RESET, "methods", NULL);
		if (g_error_matches(jobs[i].error, HOSTLER_ERROR, HOSTLER_ERROR_RESET_DEAD))
			hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_RESET_DEAD, jobs[i].bdf,
					     NULL, "%s", jobs[i].error->message);
		else if (methods != NULL && *methods == '\0')
			hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_RESET_NONE, jobs[i].bdf,
					     NULL, "the kernel knows no way to reset %s; what one guest leaves in it the "
					     "next one finds", jobs[i].bdf);
	}
	hostler_jobs_clear(jobs, n);
}

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

/* Before vfio returns them: a device goes back to the host as clean as it came. */
static void released(HostlerHost *host, const char *uuid)
{
	g_autoptr(GPtrArray) claims = hostler_claims_of(host, uuid);

	for (guint i = claims->len; i > 0; i--) {
		const HostlerRecord *claim = g_ptr_array_index(claims, i - 1);

		if (claim->phase != HOSTLER_PHASE_ENDED || !was_reset_before(claim) ||
		    host->ops->job_in_flight(host, claim->key))
			g_ptr_array_remove_index(claims, i - 1);
	}
	if (claims->len > 0)
		reset_claims(host, claims, NULL);
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
	.check = check,
	.acquire = acquire,
	.released = released,
	.status = status,
};
