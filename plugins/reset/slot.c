/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which slots are reset as a whole, and that it is safe. */
#include "plugins/reset/slot.h"

#include "plugins/reset/device.h"
#include "plugins/reset/slot-rung.h"

static void slot_free(ResetSlot *slot)
{
	g_free(slot->port);
	g_strfreev(slot->functions);
	g_free(slot);
}

/* --- which --- */

static ResetRung next_rung(const ResetDevice *device)
{
	return device->plan.rungs[device->next];
}

static void refuse(ResetDevice *device, char *why)
{
	ResetTry *tried = g_new0(ResetTry, 1);

	tried->rung = next_rung(device);
	tried->verdict = RESET_NOT_TAKEN;
	tried->said = why;
	reset_device_take(device, tried);
}

static gboolean is_waiting(const ResetDevice *device)
{
	return reset_device_climbs(device) && !reset_rung_is_method(next_rung(device));
}

/* One rung a slot and round: its functions may be of different minds. */
static gboolean is_known(const GPtrArray *slots, const char *port)
{
	for (guint i = 0; i < slots->len; i++) {
		if (g_str_equal(((const ResetSlot *)g_ptr_array_index(slots, i))->port, port))
			return TRUE;
	}
	return FALSE;
}

/* NULL: nothing stands against it. */
static char *find_objection(HostlerHost *host, const GPtrArray *devices, const ResetSlot *slot)
{
	for (gsize i = 0; slot->functions != NULL && slot->functions[i] != NULL; i++) {
		const char *bdf = slot->functions[i];
		const ResetDevice *device = reset_device_find(devices, bdf);

		if (device == NULL)
			return g_strdup_printf("%s below the same port is not this VM's", bdf);
		if (device->error != NULL)
			return g_strdup_printf("%s below the same port does not answer", bdf);
		if (!device->is_ours)
			return g_strdup_printf("%s below the same port is in use", bdf);
		if (device->plan.never & RESET_RUNG_BIT(slot->rung))
			return g_strdup_printf("%s must not be reset so (%s, line %u)", bdf, device->plan.quirk->file,
					       device->plan.quirk->line);
	}
	if (slot->functions == NULL || slot->functions[0] == NULL)
		return g_strdup("the port above it, or all below that, has gone");
	return reset_slot_objection(host, slot);
}

/* The rung after it asks for the same and is refused in the same words. */
static gboolean is_said_next(HostlerHost *host, const GPtrArray *devices, const ResetDevice *device, ResetSlot *slot)
{
	g_autofree char *next = NULL;

	if (slot->rung != RESET_RUNG_HOT_RESET || device->next + 1 >= device->plan.n_rungs ||
	    device->plan.rungs[device->next + 1] != RESET_RUNG_SLOT)
		return FALSE;
	slot->rung = RESET_RUNG_SLOT;
	next = find_objection(host, devices, slot);
	return next != NULL;
}

static void add_slot(HostlerHost *host, const GPtrArray *devices, GPtrArray *slots, ResetDevice *device)
{
	g_autofree char *port = host->ops->pci_port(host, device->claim->key);
	ResetSlot *slot;
	char *objection;

	if (port != NULL && is_known(slots, port))
		return;
	if (port == NULL) {
		/* On the root bus there is no slot; that is nobody's news. */
		device->next++;
		return;
	}
	slot = g_new0(ResetSlot, 1);
	slot->rung = next_rung(device);
	slot->functions = host->ops->pci_below(host, port);
	slot->port = g_steal_pointer(&port);
	slot->devices = devices;
	objection = find_objection(host, devices, slot);
	if (objection == NULL) {
		g_ptr_array_add(slots, slot);
		return;
	}
	if (is_said_next(host, devices, device, slot))
		g_free(objection);
	else
		refuse(device, objection);
	device->next++;
	slot_free(slot);
}

/* --- what came of it --- */

/* Of a function that was reset already only bad news count. */
static void take_answer(const HostlerJob *job, ResetDevice *device)
{
	ResetTry *tried = reset_try_read(job->answer, device->claim->key);

	if (tried != NULL && (!device->is_good || tried->unsound != NULL))
		reset_device_take(device, tried);
	else if (tried != NULL)
		reset_try_free(tried);
}

static void take_answers(const HostlerJob *job, const GPtrArray *devices)
{
	const ResetSlot *slot = job->data;

	for (gsize i = 0; slot->functions[i] != NULL; i++) {
		ResetDevice *device = reset_device_find(devices, slot->functions[i]);
		gboolean was_waiting = is_waiting(device) && next_rung(device) == slot->rung;

		if (was_waiting && job->state == HOSTLER_JOB_FAILED)
			refuse(device, g_strdup(job->error->message));
		take_answer(job, device);
		if (was_waiting)
			device->next++;
	}
}

static gboolean all_came_back(const HostlerJob *jobs, guint n, GError **error)
{
	for (guint i = 0; i < n; i++) {
		if (jobs[i].state == HOSTLER_JOB_STUCK) {
			g_propagate_prefixed_error(error, g_error_copy(jobs[i].error),
						   "the reset of the slot below %s: ", jobs[i].bdf);
			return FALSE;
		}
	}
	return TRUE;
}

gboolean reset_climb_slots(HostlerHost *host, const GPtrArray *devices, GError **error)
{
	g_autoptr(GPtrArray) slots = g_ptr_array_new_with_free_func((GDestroyNotify)slot_free);
	g_autofree HostlerJob *jobs = NULL;
	gboolean back;

	for (guint i = 0; i < devices->len; i++) {
		if (is_waiting(g_ptr_array_index(devices, i)))
			add_slot(host, devices, slots, g_ptr_array_index(devices, i));
	}
	jobs = g_new0(HostlerJob, slots->len);
	for (guint i = 0; i < slots->len; i++) {
		ResetSlot *slot = g_ptr_array_index(slots, i);

		reset_slot_announce(host, slot);
		jobs[i].data = slot;
		jobs[i].bdf = slot->port;
		jobs[i].others = (const char *const *)slot->functions;
	}
	host->ops->run_jobs(host, jobs, slots->len, reset_slot);
	for (guint i = 0; i < slots->len; i++)
		take_answers(&jobs[i], devices);
	back = all_came_back(jobs, slots->len, error);
	hostler_jobs_clear(jobs, slots->len);
	return back;
}
