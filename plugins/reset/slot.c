/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/reset/slot.h"

#include "hostler/record.h"
#include "plugins/reset/device.h"
#include "plugins/reset/judge.h"

typedef struct {
	char *port;
	GStrv functions;
} Slot;

static void slot_free(Slot *slot)
{
	g_free(slot->port);
	g_strfreev(slot->functions);
	g_free(slot);
}

/* --- which slots --- */

static gboolean is_reset(GKeyFile *answer)
{
	g_autofree char *verdict = g_key_file_get_string(answer, HOSTLER_CLAIM_RESET, "verdict", NULL);

	return g_strcmp0(verdict, reset_verdict_text(RESET_DONE)) == 0;
}

static gboolean was_tried(GKeyFile *answer)
{
	return g_key_file_has_key(answer, HOSTLER_CLAIM_RESET, "methods", NULL);
}

static gboolean has_all(const GPtrArray *bdfs, GStrv functions)
{
	for (gsize i = 0; functions[i] != NULL; i++) {
		if (!g_ptr_array_find_with_equal_func((GPtrArray *)bdfs, functions[i], g_str_equal, NULL))
			return FALSE;
	}
	return TRUE;
}

static gboolean is_known(const GPtrArray *slots, const char *port)
{
	for (guint i = 0; i < slots->len; i++) {
		if (g_str_equal(((const Slot *)g_ptr_array_index(slots, i))->port, port))
			return TRUE;
	}
	return FALSE;
}

static void add_slot(HostlerHost *host, GPtrArray *slots, const GPtrArray *bdfs, const char *bdf)
{
	g_autofree char *port = host->ops->pci_port(host, bdf);
	g_auto(GStrv) functions = NULL;
	Slot *slot;

	if (port == NULL || is_known(slots, port))
		return;
	functions = host->ops->pci_below(host, port);
	if (functions == NULL || !has_all(bdfs, functions))
		return;
	slot = g_new(Slot, 1);
	slot->port = g_steal_pointer(&port);
	slot->functions = g_steal_pointer(&functions);
	g_ptr_array_add(slots, slot);
}

/* --- one slot, as a job on its port --- */

static gboolean all_idle(HostlerHost *host, GStrv functions)
{
	for (gsize i = 0; functions[i] != NULL; i++) {
		if (!reset_is_idle_on_vfio(host, functions[i]))
			return FALSE;
	}
	return TRUE;
}

/* One function of the slot, before and after. */
typedef struct {
	char *control;
	ResetWitness witness;
} Function;

static void end_function(HostlerHost *host, const char *bdf, Function *function, GKeyFile *answer)
{
	ResetVerdict verdict = reset_witness_judge(host, bdf, &function->witness);

	g_key_file_set_string(answer, bdf, "verdict", reset_verdict_text(verdict));
	reset_let_sleep(host, bdf, function->control);
}

static gboolean reset_slot(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	const Slot *slot = job->data;
	guint n = g_strv_length(slot->functions);
	g_autofree Function *functions = g_new0(Function, n);

	if (!all_idle(host, slot->functions))
		return TRUE;
	for (guint i = 0; i < n; i++) {
		functions[i].control = reset_keep_awake(host, slot->functions[i]);
		reset_witness_set(host, slot->functions[i], &functions[i].witness);
	}
	/* Its answer is not believed either: the functions are asked. */
	host->ops->pci_write(host, slot->port, "reset_subordinate", "1", NULL);
	for (guint i = 0; i < n; i++)
		end_function(host, slot->functions[i], &functions[i], answer);
	return TRUE;
}

/* --- all --- */

/* Better news only: a slot whose reset did nothing does not unsay what a function's own did. */
static void take_verdict(const HostlerJob *job, const char *bdf, GKeyFile *answer)
{
	g_autofree char *verdict = g_key_file_get_string(job->answer, bdf, "verdict", NULL);

	if (job->state != HOSTLER_JOB_DONE || g_strcmp0(verdict, reset_verdict_text(RESET_DONE)) != 0)
		return;
	g_key_file_set_string(answer, HOSTLER_CLAIM_RESET, "verdict", verdict);
	g_key_file_set_string(answer, HOSTLER_CLAIM_RESET, "how", "the whole slot");
	g_key_file_remove_key(answer, HOSTLER_CLAIM_RESET, "kernel", NULL);
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

gboolean reset_slots(HostlerHost *host, const GPtrArray *bdfs, GKeyFile *const *answers, GError **error)
{
	g_autoptr(GPtrArray) slots = g_ptr_array_new_with_free_func((GDestroyNotify)slot_free);
	g_autofree HostlerJob *jobs = NULL;
	gboolean back;

	for (guint i = 0; i < bdfs->len; i++) {
		if (was_tried(answers[i]) && !is_reset(answers[i]))
			add_slot(host, slots, bdfs, g_ptr_array_index(bdfs, i));
	}
	jobs = g_new0(HostlerJob, slots->len);
	for (guint i = 0; i < slots->len; i++) {
		jobs[i].data = g_ptr_array_index(slots, i);
		jobs[i].bdf = ((Slot *)jobs[i].data)->port;
		jobs[i].others = (const char *const *)((Slot *)jobs[i].data)->functions;
	}
	host->ops->run_jobs(host, jobs, slots->len, reset_slot);
	for (guint i = 0; i < slots->len; i++) {
		for (guint j = 0; j < bdfs->len; j++)
			take_verdict(&jobs[i], g_ptr_array_index(bdfs, j), answers[j]);
	}
	back = all_came_back(jobs, slots->len, error);
	hostler_jobs_clear(jobs, slots->len);
	return back;
}
