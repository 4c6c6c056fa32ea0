/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/vfio/move.h"

#include "hostler/error.h"
#include "hostler/log.h"
#include "plugins/vfio/claim.h"
#include "plugins/vfio/device.h"
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

void vfio_move_back(HostlerHost *host, const GPtrArray *claims)
{
	g_autoptr(GPtrArray) ours = keep_returnable(host, claims);
	g_autofree HostlerJob *jobs = make_jobs(ours);

	vfio_display_load(host, ours);
	host->ops->run_jobs(host, jobs, ours->len, vfio_give_back);
	for (guint i = 0; i < ours->len; i++) {
		if (jobs[i].state != HOSTLER_JOB_DONE)
			vfio_claim_say(host, jobs[i].data, phase_of_failed(&jobs[i]), jobs[i].error);
		else if (vfio_display_restore(host, jobs[i].data))
			end_claim(host, &jobs[i]);
	}
	hostler_jobs_clear(jobs, ours->len);
}
