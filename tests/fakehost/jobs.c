/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs one after the other, here. One that hangs is let run to its end with all
 * doors shut: it has no further effect, and its answer is nobody's. */
#include "model.h"

#include <string.h>

#include "hostler/error.h"

void fake_flight_free(FakeFlight *flight)
{
	g_free(flight->job);
	g_strfreev(flight->others);
	g_free(flight->bdf);
	g_free(flight->attribute);
	g_free(flight->value);
	g_free(flight);
}

void fake_job_hang(FakeHost *fake, const char *bdf, const char *attribute, const char *value)
{
	FakeFlight *flight = g_new0(FakeFlight, 1);

	flight->job = g_strdup(fake->job);
	flight->others = g_strdupv((GStrv)fake->others);
	flight->bdf = g_strdup(bdf);
	flight->attribute = g_strdup(attribute);
	flight->value = g_strdup(value);
	g_ptr_array_add(fake->flights, flight);
	fake->job_hangs = TRUE;
}

gboolean fake_job_in_flight(HostlerHost *host, const char *bdf)
{
	FakeHost *fake = (FakeHost *)host;

	for (guint i = 0; i < fake->flights->len; i++) {
		const FakeFlight *flight = g_ptr_array_index(fake->flights, i);

		if (g_str_equal(flight->job, bdf) ||
		    (flight->others != NULL && g_strv_contains((const char *const *)flight->others, bdf)))
			return TRUE;
	}
	return FALSE;
}

static void fail(HostlerJob *job, HostlerJobState state, HostlerErrorCode code, const char *text)
{
	job->state = state;
	g_clear_error(&job->error);
	job->error = g_error_new(HOSTLER_ERROR, (int)code, "%s %s", job->bdf, text);
}

/* As of the real ones: an error of another domain is the host's. */
static void take_error(HostlerJob *job, GError *error)
{
	job->state = HOSTLER_JOB_FAILED;
	if (error != NULL && error->domain == HOSTLER_ERROR) {
		job->error = error;
		return;
	}
	job->error = g_error_new(HOSTLER_ERROR, HOSTLER_ERROR_HOST, "%s", error != NULL ? error->message : "");
	g_clear_error(&error);
}

static void forget_answer(HostlerJob *job)
{
	g_key_file_unref(job->answer);
	job->answer = g_key_file_new();
}

static void run_job(FakeHost *fake, HostlerJob *job, HostlerJobFunc func)
{
	GError *error = NULL;

	fake->job = job->bdf;
	fake->others = job->others;
	fake->job_hangs = FALSE;
	if (!func(&fake->host, job, job->answer, &error))
		take_error(job, error);
	fake->job = NULL;
	if (!fake->job_hangs)
		return;
	forget_answer(job);
	fail(job, HOSTLER_JOB_STUCK, HOSTLER_ERROR_STUCK,
	     "is stuck: the kernel has not come back from an operation on it");
}

static gboolean any_in_flight(HostlerHost *host, const HostlerJob *job)
{
	for (gsize i = 0; job->others != NULL && job->others[i] != NULL; i++) {
		if (fake_job_in_flight(host, job->others[i]))
			return TRUE;
	}
	return fake_job_in_flight(host, job->bdf);
}

static gboolean begin_job(FakeHost *fake, HostlerJob *job)
{
	job->state = HOSTLER_JOB_DONE;
	job->answer = g_key_file_new();
	job->error = NULL;
	if (any_in_flight(&fake->host, job))
		fail(job, HOSTLER_JOB_STUCK, HOSTLER_ERROR_STUCK,
		     "is stuck: an earlier operation on it has not come back from the kernel");
	else if (hostler_host_time_left(&fake->host) == 0)
		fail(job, HOSTLER_JOB_FAILED, HOSTLER_ERROR_DEADLINE, "was not begun with: no time was left");
	else if (fake->killed)
		fail(job, HOSTLER_JOB_FAILED, HOSTLER_ERROR_HOST, "was not begun with: this run was killed");
	return job->error == NULL;
}

static void tell_over(HostlerHost *host, HostlerJob *job)
{
	if (job->over != NULL)
		job->over(host, job);
}

/* Whoever hangs is waited for until the deadline, and nobody else is for them. */
void fake_run_jobs(HostlerHost *host, HostlerJob *jobs, gsize n_jobs, HostlerJobFunc func)
{
	FakeHost *fake = (FakeHost *)host;
	g_autofree gboolean *hang = g_new0(gboolean, n_jobs);

	if (fake->job != NULL)
		g_error("a job on %s runs jobs of its own", fake->job);
	for (gsize i = 0; i < n_jobs; i++) {
		if (begin_job(fake, &jobs[i])) {
			run_job(fake, &jobs[i], func);
			hang[i] = fake->job_hangs;
		}
		if (!hang[i])
			tell_over(host, &jobs[i]);
	}
	for (gsize i = 0; i < n_jobs; i++) {
		if (!hang[i])
			continue;
		fake->now = MAX(fake->now, host->deadline);
		tell_over(host, &jobs[i]);
	}
}
