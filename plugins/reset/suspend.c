/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suspend to RAM takes the power from all devices for a while: what is left when
 * no reset of a device mends it, and less than a reboot. */
#include "plugins/reset/suspend.h"

#include "hostler/error.h"
#include "hostler/text.h"
#include "plugins/reset/device.h"

#define SLEEP_SECONDS 10 /* long enough for the alarm not to ring before the host sleeps */
/* CLOCK_MONOTONIC stands still in the sleep; falling asleep and waking take time. */
#define JOB_MICROSECONDS (120 * G_USEC_PER_SEC)

/* --- may it be? --- */

static gboolean is_other_alive(HostlerHost *host, HostlerRecordKind kind, const char *uuid, GError **error)
{
	g_autoptr(GPtrArray) records = hostler_records_load(host, kind);

	for (guint i = 0; i < records->len; i++) {
		const HostlerRecord *record = g_ptr_array_index(records, i);
		g_autofree char *name = hostler_text_shown(record->name);

		if (g_str_equal(record->uuid, uuid) || !hostler_record_alive(host, record))
			continue;
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BUSY,
			    "the host is not suspended: VM '%s' runs; shut it down first: virsh shutdown %s", name,
			    record->uuid);
		return TRUE;
	}
	return FALSE;
}

gboolean reset_suspend_allowed(HostlerHost *host, const char *uuid, GError **error)
{
	g_autofree char *running = host->ops->vm_running(host);
	g_autofree char *name = hostler_text_shown(running);
	g_autofree char *objection = host->ops->suspend_objection(host);

	if (is_other_alive(host, HOSTLER_RECORD_STAY, uuid, error) ||
	    is_other_alive(host, HOSTLER_RECORD_CLAIM, uuid, error))
		return FALSE;
	if (running != NULL)
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BUSY,
			    "the host is not suspended: VM '%s' runs; shut it down first, see: virsh list", name);
	else if (objection != NULL)
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RESET_NONE,
			    "this host cannot be suspended to reset devices: %s; reboot it instead", objection);
	return running == NULL && objection == NULL;
}

/* --- the job --- */

/* One device, before and after. */
typedef struct {
	char *control;
	char *portrait; /* NULL: it was not sound before, so that nothing of it is to be compared with */
	ResetWitness witness;
} Before;

static char *take_if_sound(HostlerHost *host, const char *bdf)
{
	g_autofree char *portrait = reset_portrait_take(host, bdf, NULL);
	g_autofree char *unsound = portrait != NULL ? reset_unsound(host, bdf, portrait) : NULL;

	return unsound == NULL ? g_steal_pointer(&portrait) : NULL;
}

static void remember(HostlerHost *host, const ResetDevice *device, Before *before)
{
	const char *bdf = device->claim->key;

	before->control = reset_keep_awake(host, bdf);
	before->portrait = take_if_sound(host, bdf);
	if (reset_is_alive(host, bdf, NULL))
		reset_witness_set(host, bdf, &before->witness);
}

static char *find_unsound(HostlerHost *host, const char *bdf, const Before *before)
{
	g_autofree char *now = reset_portrait_take(host, bdf, NULL);

	if (now == NULL)
		return g_strdup("it does not answer");
	return reset_unsound(host, bdf, before->portrait != NULL ? before->portrait : now);
}

static void judge(HostlerHost *host, const ResetDevice *device, Before *before, const ResetTry *slept,
		  GKeyFile *answer)
{
	const char *bdf = device->claim->key;
	ResetTry tried = *slept;

	tried.verdict = reset_witness_judge(host, bdf, &before->witness);
	tried.unsound = find_unsound(host, bdf, before);
	reset_try_write(&tried, answer, bdf);
	reset_let_sleep(host, bdf, before->control);
	g_free(tried.unsound);
	g_free(before->portrait);
}

static gboolean all_idle(HostlerHost *host, const GPtrArray *devices, GError **error)
{
	for (guint i = 0; i < devices->len; i++) {
		const char *bdf = ((const ResetDevice *)g_ptr_array_index(devices, i))->claim->key;

		if (reset_is_idle_on_vfio(host, bdf))
			continue;
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BUSY,
			    "the host is not suspended: %s is in use or not on vfio-pci; see by whom: "
			    "fuser -v /dev/vfio/*", bdf);
		return FALSE;
	}
	return TRUE;
}

static gboolean sleep_once(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	const GPtrArray *devices = job->data;
	g_autofree Before *before = g_new0(Before, devices->len);
	g_autoptr(GError) said = NULL;
	ResetTry slept = { .rung = RESET_RUNG_SUSPEND };
	gint64 begun;

	if (!all_idle(host, devices, error))
		return FALSE;
	for (guint i = 0; i < devices->len; i++)
		remember(host, g_ptr_array_index(devices, i), &before[i]);
	begun = host->ops->monotonic(host);
	if (!host->ops->suspend(host, SLEEP_SECONDS, &said))
		slept.said = said->message;
	slept.microseconds = host->ops->monotonic(host) - begun;
	for (guint i = 0; i < devices->len; i++)
		judge(host, g_ptr_array_index(devices, i), &before[i], &slept, answer);
	return TRUE;
}

/* --- what came of it --- */

static void take_answer(const HostlerJob *job, ResetDevice *device)
{
	ResetTry *tried = reset_try_read(job->answer, device->claim->key);

	device->is_ours = TRUE;
	if (tried == NULL) {
		device->error = g_error_copy(job->error);
		return;
	}
	reset_device_take(device, tried);
	if (tried->said != NULL)
		g_set_error(&device->error, HOSTLER_ERROR, HOSTLER_ERROR_HOST,
			    "%s was not reset, for the host did not sleep: %s; see why: dmesg | tail",
			    device->claim->key, tried->said);
	else if (!device->is_good)
		g_set_error(&device->error, HOSTLER_ERROR, HOSTLER_ERROR_RESET_DEAD,
			    "%s: suspending the host did not help: %s; switch the host off, and on again",
			    device->claim->key,
			    tried->unsound != NULL ? tried->unsound : "a register kept its value");
}

static gboolean take_answers(const HostlerJob *job, const GPtrArray *devices, GError **error)
{
	gboolean sound = TRUE;

	for (guint i = 0; i < devices->len; i++) {
		ResetDevice *device = g_ptr_array_index(devices, i);

		take_answer(job, device);
		if (sound && device->error != NULL)
			g_propagate_error(error, g_error_copy(device->error));
		sound &= device->error == NULL;
	}
	return sound;
}

gboolean reset_suspend_all(HostlerHost *host, const GPtrArray *devices, GError **error)
{
	g_autofree const char **others = g_new0(const char *, devices->len + 1);
	HostlerJob job = { .others = others, .data = (gpointer)devices };
	gboolean sound;

	if (devices->len == 0)
		return TRUE;
	job.bdf = ((const ResetDevice *)g_ptr_array_index(devices, 0))->claim->key;
	for (guint i = 1; i < devices->len; i++)
		others[i - 1] = ((const ResetDevice *)g_ptr_array_index(devices, i))->claim->key;
	host->deadline = host->ops->monotonic(host) + JOB_MICROSECONDS;
	host->ops->run_jobs(host, &job, 1, sleep_once);
	sound = take_answers(&job, devices, error);
	hostler_jobs_clear(&job, 1);
	return sound;
}
