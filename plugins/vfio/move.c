/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/vfio/move.h"

#include "hostler/error.h"
#include "hostler/log.h"
#include "plugins/vfio/claim.h"
#include "plugins/vfio/device.h"
#include "plugins/vfio/display-record.h"
#include "plugins/vfio/display.h"
#include "plugins/vfio/hand.h"

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

gboolean vfio_move_to_vm(HostlerHost *host, const GPtrArray *claims, GError **error)
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

/* What libvirt has bound it returns; only our note of it ends. Of what has gone the
 * claim is settled, and that said. */
static GPtrArray *keep_returnable(HostlerHost *host, const GPtrArray *claims)
{
	GPtrArray *ours = g_ptr_array_new();

	for (guint i = 0; i < claims->len; i++) {
		HostlerRecord *claim = g_ptr_array_index(claims, i);

		if (vfio_claim_is_libvirts(claim))
			hostler_record_remove(host, HOSTLER_RECORD_CLAIM, claim->key);
		else if (!vfio_claim_is_gone(host, claim))
			g_ptr_array_add(ours, claim);
	}
	return ours;
}

/* Of a VM that runs on, the device was thought to be unplugged, and is still open. */
static HostlerPhase phase_of_failed(const HostlerJob *job)
{
	const HostlerRecord *claim = job->data;

	if (job->state == HOSTLER_JOB_STUCK)
		return HOSTLER_PHASE_STUCK;
	return claim->phase == HOSTLER_PHASE_HELD ? HOSTLER_PHASE_HELD : HOSTLER_PHASE_ENDED;
}

static void finish(HostlerHost *host, HostlerJob *job)
{
	if (job->state != HOSTLER_JOB_DONE)
		vfio_claim_say(host, job->data, phase_of_failed(job), job->error);
	else if (vfio_display_restore(host, job->data))
		end_claim(host, job);
}

/* Where nobody else waits for them: the claims of VMs that have nothing to do with each
 * other. A desktop needs all of its VM's. */
static void finish_early(HostlerHost *host, HostlerJob *job)
{
	GHashTable *locks = job->over_data;
	const HostlerRecord *claim = job->data;

	if (g_key_file_has_group(claim->body, VFIO_DISPLAY))
		return;
	finish(host, job);
	g_hash_table_remove(locks, claim->key);
}

static void move_back(HostlerHost *host, const GPtrArray *claims, GHashTable *locks)
{
	g_autoptr(GPtrArray) ours = keep_returnable(host, claims);
	g_autofree HostlerJob *jobs = make_jobs(ours);

	for (guint i = 0; locks != NULL && i < ours->len; i++) {
		jobs[i].over = finish_early;
		jobs[i].over_data = locks;
	}
	vfio_display_load(host, ours);
	host->ops->run_jobs(host, jobs, ours->len, vfio_give_back);
	for (guint i = 0; i < ours->len; i++) {
		if (locks == NULL || g_hash_table_contains(locks, jobs[i].bdf))
			finish(host, &jobs[i]);
	}
	hostler_jobs_clear(jobs, ours->len);
}

void vfio_move_back(HostlerHost *host, const GPtrArray *claims)
{
	move_back(host, claims, NULL);
}

void vfio_move_back_each(HostlerHost *host, const GPtrArray *claims, GHashTable *locks)
{
	move_back(host, claims, locks);
}
