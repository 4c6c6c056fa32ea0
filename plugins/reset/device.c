/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rungs that one function takes alone: the kernel's methods, by name. */
#include "plugins/reset/device.h"

#include "hostler/record.h"
#include "plugins/reset/ladder.h"

/* A reset that the kernel waits for takes a second or two: with less than that
 * left none is begun. */
#define RUNG_MICROSECONDS (2 * G_USEC_PER_SEC)

/* --- looking --- */

gboolean reset_is_idle_on_vfio(HostlerHost *host, const char *bdf)
{
	g_autofree char *enable = NULL;

	if (!host->ops->pci_on_vfio(host, bdf, NULL))
		return FALSE;
	enable = host->ops->pci_read(host, bdf, "enable", NULL);
	return g_strcmp0(enable, "0") == 0;
}

char *reset_keep_awake(HostlerHost *host, const char *bdf)
{
	char *control = host->ops->pci_read(host, bdf, "power/control", NULL);

	if (g_strcmp0(control, "on") != 0)
		host->ops->pci_write(host, bdf, "power/control", "on", NULL);
	return control;
}

void reset_let_sleep(HostlerHost *host, const char *bdf, char *control)
{
	if (control != NULL && !g_str_equal(control, "on"))
		host->ops->pci_write(host, bdf, "power/control", control, NULL);
	g_free(control);
}

/* --- reset_method --- */

static gboolean set_methods(HostlerHost *host, const char *bdf, const char *list, GError **error)
{
	g_autofree char *now = host->ops->pci_read(host, bdf, "reset_method", NULL);

	return g_strcmp0(now, list) == 0 || host->ops->pci_write(host, bdf, "reset_method", list, error);
}

/* As it is to be while the device is not ours: as it was, or, where a quirk speaks
 * of the device, what that allows of `known`; QEMU has the kernel reset it too. */
static void settle_methods(HostlerHost *host, const char *bdf, const ResetPlan *plan, const char *found,
			   const char *known)
{
	g_autofree char *allowed = plan->quirk != NULL ? reset_plan_methods(plan, known) : g_strdup(found);

	if (set_methods(host, bdf, allowed, NULL))
		return;
	/* What the kernel does not offer any more cannot be put back. */
	host->ops->pci_write(host, bdf, "reset_method", plan->quirk != NULL ? "" : "default", NULL);
}

/* Function 0 was probed before the kernel knew of its neighbours and may promise
 * what it cannot do; so the kernel is asked anew. */
static char *ask_methods(HostlerHost *host, const char *bdf)
{
	host->ops->pci_write(host, bdf, "reset_method", "default", NULL);
	return host->ops->pci_read(host, bdf, "reset_method", NULL);
}

/* --- one rung --- */

/* A reset made for one device works inside of it: it may well spare this
 * register, and the next rung might harm what it did. */
static ResetVerdict judge(HostlerHost *host, const char *bdf, ResetRung rung, const ResetWitness *witness)
{
	ResetVerdict verdict = reset_witness_judge(host, bdf, witness);

	return verdict == RESET_NOT_DONE && rung == RESET_RUNG_DEVICE_SPECIFIC ? RESET_UNPROVEN : verdict;
}

/* errno is written down, not believed: in the emulated host `bus` failed and
 * had reset, `pm` succeeded and had not. */
static void reset_once(HostlerHost *host, const char *bdf, const char *portrait, ResetTry *tried)
{
	g_autoptr(GError) refused = NULL;
	gint64 begun = host->ops->monotonic(host);
	ResetWitness witness;

	reset_witness_set(host, bdf, &witness);
	if (!host->ops->pci_write(host, bdf, "reset", "1", &refused))
		tried->said = g_strdup(refused->message);
	tried->verdict = judge(host, bdf, tried->rung, &witness);
	tried->unsound = reset_unsound(host, bdf, portrait);
	tried->microseconds = host->ops->monotonic(host) - begun;
}

/* A module that brings a method may be newer than the kernel's list. */
static gboolean is_offered(const ResetPlan *plan, ResetRung rung, const char *list)
{
	return reset_list_has(list, reset_rung_name(rung)) ||
	       (rung == RESET_RUNG_DEVICE_SPECIFIC && plan->quirk != NULL && plan->quirk->needs != NULL);
}

static void refuse_rung(HostlerHost *host, const ResetPlan *plan, ResetTry *tried, const GError *refused)
{
	gboolean is_missing = tried->rung == RESET_RUNG_DEVICE_SPECIFIC && plan->quirk != NULL &&
			      plan->quirk->needs != NULL;

	tried->verdict = RESET_NOT_TAKEN;
	if (is_missing && !host->ops->module_loaded(host, plan->quirk->needs))
		tried->said = g_strdup_printf("the module %s, which brings it, is not loaded", plan->quirk->needs);
	else
		tried->said = g_strdup(refused->message);
}

/* TRUE: the ladder ends here. `known` grows by what the kernel takes by name alone. */
static gboolean try_method(HostlerHost *host, const char *bdf, const ResetDevice *device, const char *portrait,
			   ResetRung rung, GString *known, GKeyFile *answer)
{
	g_autoptr(GError) refused = NULL;
	ResetTry *tried = g_new0(ResetTry, 1);
	gboolean is_good;

	tried->rung = rung;
	if (set_methods(host, bdf, reset_rung_name(rung), &refused)) {
		if (!reset_list_has(known->str, reset_rung_name(rung)))
			g_string_append_printf(known, " %s", reset_rung_name(rung));
		reset_once(host, bdf, portrait, tried);
	} else {
		refuse_rung(host, &device->plan, tried, refused);
	}
	reset_try_write(tried, answer, reset_rung_name(rung));
	is_good = reset_try_is_good(tried);
	reset_try_free(tried);
	return is_good;
}

/* --- all of them --- */

static void leave_out(ResetRung rung, GKeyFile *answer)
{
	g_autofree char *said = g_strdup("no time was left for it");
	const ResetTry left = { .rung = rung, .verdict = RESET_NOT_TAKEN, .said = said };

	reset_try_write(&left, answer, reset_rung_name(rung));
}

static void climb(HostlerHost *host, const char *bdf, const ResetDevice *device, const char *portrait,
		  GString *known, GKeyFile *answer)
{
	const ResetPlan *plan = &device->plan;

	for (guint i = device->next; i < plan->n_rungs && reset_rung_is_method(plan->rungs[i]); i++) {
		if (!is_offered(plan, plan->rungs[i], known->str))
			continue;
		if (hostler_host_time_left(host) < RUNG_MICROSECONDS)
			leave_out(plan->rungs[i], answer);
		else if (try_method(host, bdf, device, portrait, plan->rungs[i], known, answer))
			return;
	}
}

static void climb_awake(HostlerHost *host, HostlerJob *job, const char *portrait, GKeyFile *answer)
{
	const ResetDevice *device = job->data;
	g_autofree char *found = host->ops->pci_read(host, job->bdf, "reset_method", NULL);
	g_autofree char *asked = found != NULL ? ask_methods(host, job->bdf) : NULL;
	g_autoptr(GString) known = g_string_new(asked);

	if (found == NULL)
		return;
	climb(host, job->bdf, device, portrait, known, answer);
	settle_methods(host, job->bdf, &device->plan, found, known->str);
}

gboolean reset_climb_methods(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	const ResetDevice *device = job->data;
	g_autofree char *portrait = g_strdup(device->portrait);
	char *control;

	if (!hostler_claim_matches(host, device->claim, error))
		return FALSE;
	if (!reset_is_idle_on_vfio(host, job->bdf))
		return TRUE;
	control = reset_keep_awake(host, job->bdf);
	if (portrait == NULL)
		portrait = reset_portrait_take(host, job->bdf, error);
	if (portrait != NULL) {
		g_key_file_set_string(answer, HOSTLER_CLAIM_RESET, "portrait", portrait);
		climb_awake(host, job, portrait, answer);
	}
	reset_let_sleep(host, job->bdf, control);
	return portrait != NULL;
}
