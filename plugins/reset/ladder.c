/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ladder: rung by rung, each device on its own as far as it can, whole slots
 * where it must be. */
#include "plugins/reset/ladder.h"

#include <string.h>

#include "hostler/error.h"
#include "plugins/reset/device.h"
#include "plugins/reset/slot.h"

static void device_free(ResetDevice *device)
{
	g_clear_error(&device->error);
	g_free(device->portrait);
	g_ptr_array_unref(device->tries);
	g_free(device);
}

/* The functions of a card go up together: those that nothing special is known of
 * follow the first. A module that a card needs resets the first alone. */
static void follow_first(const GPtrArray *devices, ResetDevice *device)
{
	g_autofree char *first = g_strdup(device->claim->key);
	const ResetDevice *leader;

	first[strlen(first) - 1] = '0';
	leader = reset_device_find(devices, first);
	if (device->plan.quirk == NULL && leader != NULL && leader->plan.quirk != NULL &&
	    leader->plan.quirk->n_rungs > 0 && leader->plan.quirk->needs == NULL)
		device->plan = leader->plan;
}

GPtrArray *reset_devices_new(const GPtrArray *claims, const ResetQuirks *quirks)
{
	GPtrArray *devices = g_ptr_array_new_with_free_func((GDestroyNotify)device_free);

	for (guint i = 0; i < claims->len; i++) {
		ResetDevice *device = g_new0(ResetDevice, 1);
		ResetIdentity identity;

		device->claim = g_ptr_array_index(claims, i);
		identity = reset_identity_read(device->claim->body);
		reset_plan_make(&device->plan, quirks, &identity);
		device->tries = g_ptr_array_new_with_free_func((GDestroyNotify)reset_try_free);
		g_ptr_array_add(devices, device);
	}
	for (guint i = 0; i < devices->len; i++)
		follow_first(devices, g_ptr_array_index(devices, i));
	return devices;
}

ResetDevice *reset_device_find(const GPtrArray *devices, const char *bdf)
{
	for (guint i = 0; i < devices->len; i++) {
		ResetDevice *device = g_ptr_array_index(devices, i);

		if (g_str_equal(device->claim->key, bdf))
			return device;
	}
	return NULL;
}

gboolean reset_device_climbs(const ResetDevice *device)
{
	return device->is_ours && !device->is_good && device->error == NULL && device->next < device->plan.n_rungs;
}

void reset_device_take(ResetDevice *device, ResetTry *tried)
{
	device->is_good = reset_try_is_good(tried);
	g_ptr_array_add(device->tries, tried);
}

/* --- alone --- */

static gboolean is_next_a_method(const ResetDevice *device)
{
	return reset_device_climbs(device) && reset_rung_is_method(device->plan.rungs[device->next]);
}

static void take_answer(HostlerJob *job, ResetDevice *device)
{
	char *portrait = g_key_file_get_string(job->answer, HOSTLER_CLAIM_RESET, "portrait", NULL);

	device->is_looked = TRUE;
	device->is_ours = portrait != NULL;
	g_free(device->portrait);
	device->portrait = portrait;
	for (; device->next < device->plan.n_rungs; device->next++) {
		ResetRung rung = device->plan.rungs[device->next];
		ResetTry *tried = NULL;

		if (!reset_rung_is_method(rung))
			break;
		tried = reset_try_read(job->answer, reset_rung_name(rung));
		if (tried != NULL)
			reset_device_take(device, tried);
	}
	if (job->state != HOSTLER_JOB_DONE)
		device->error = g_steal_pointer(&job->error);
}

static void climb_methods(HostlerHost *host, const GPtrArray *devices)
{
	g_autofree HostlerJob *jobs = g_new0(HostlerJob, devices->len);
	guint n = 0;

	for (guint i = 0; i < devices->len; i++) {
		ResetDevice *device = g_ptr_array_index(devices, i);

		if (device->is_looked && !is_next_a_method(device))
			continue;
		jobs[n].bdf = device->claim->key;
		jobs[n++].data = device;
	}
	host->ops->run_jobs(host, jobs, n, reset_climb_methods);
	for (guint i = 0; i < n; i++)
		take_answer(&jobs[i], jobs[i].data);
	hostler_jobs_clear(jobs, n);
}

/* --- the end --- */

static const char *find_unsound(const ResetDevice *device)
{
	for (guint i = device->tries->len; i > 0; i--) {
		const ResetTry *tried = g_ptr_array_index(device->tries, i - 1);

		if (tried->verdict != RESET_NOT_TAKEN)
			return tried->unsound;
	}
	return NULL;
}

/* A device that nothing has reset but that is sound goes on; one that is not would
 * take the guest, or the host, with it. */
static void judge_end(ResetDevice *device)
{
	const char *unsound = find_unsound(device);

	if (device->error == NULL && unsound != NULL)
		g_set_error(&device->error, HOSTLER_ERROR, HOSTLER_ERROR_RESET_DEAD,
			    "%s is not sound and no reset mends it: %s; it needs a host reboot", device->claim->key,
			    unsound);
}

static gboolean any_climbs(const GPtrArray *devices)
{
	for (guint i = 0; i < devices->len; i++) {
		if (reset_device_climbs(g_ptr_array_index(devices, i)))
			return TRUE;
	}
	return FALSE;
}

gboolean reset_ladder_climb(HostlerHost *host, const GPtrArray *devices, GError **error)
{
	gboolean back = TRUE;

	climb_methods(host, devices);
	while (back && any_climbs(devices)) {
		back = reset_climb_slots(host, devices, error);
		if (back)
			climb_methods(host, devices);
	}
	for (guint i = 0; i < devices->len; i++) {
		ResetDevice *device = g_ptr_array_index(devices, i);

		judge_end(device);
		if (back && device->error != NULL) {
			g_propagate_error(error, g_error_copy(device->error));
			back = FALSE;
		}
	}
	return back;
}
