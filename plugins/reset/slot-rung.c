/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rungs of a whole slot, and what came of each for each function. */
#include "plugins/reset/slot-rung.h"

#include "hostler/error.h"
#include "plugins/reset/device.h"
#include "plugins/reset/rescan.h"

/* A slot that goes to sleep does so within a moment of being allowed to. */
#define SLEEP_MICROSECONDS (2 * G_USEC_PER_SEC)
#define SLEEP_PAUSE (50 * 1000)

/* --- hot_reset --- */

static gboolean hot_reset(HostlerHost *host, const ResetSlot *slot, GError **said)
{
	return host->ops->pci_hot_reset(host, (const char *const *)slot->functions, said);
}

/* --- slot --- */

static gboolean reset_subordinate(HostlerHost *host, const ResetSlot *slot, GError **said)
{
	return host->ops->pci_write(host, slot->port, "reset_subordinate", "1", said);
}

/* --- d3cold --- */

static gboolean is_asleep(HostlerHost *host, const ResetSlot *slot)
{
	for (gsize i = 0; slot->functions[i] != NULL; i++) {
		g_autofree char *state = host->ops->pci_read(host, slot->functions[i], "power_state", NULL);

		if (g_strcmp0(state, "D3cold") != 0)
			return FALSE;
	}
	return TRUE;
}

static gboolean wait_for_sleep(HostlerHost *host, const ResetSlot *slot, GError **said)
{
	gint64 end = host->ops->monotonic(host) + SLEEP_MICROSECONDS;
	gboolean asleep = is_asleep(host, slot);

	while (!asleep && host->ops->monotonic(host) < end) {
		host->ops->pause(host, SLEEP_PAUSE);
		asleep = is_asleep(host, slot);
	}
	if (!asleep)
		g_set_error(said, HOSTLER_ERROR, HOSTLER_ERROR_HOST,
			    "the slot below %s did not go into D3cold; this machine may not be able to switch it off",
			    slot->port);
	return asleep;
}

/* Asleep all at once, or the port keeps the power on. Whoever keeps them awake
 * around this has them wake when it is over. */
static gboolean cycle_power(HostlerHost *host, const ResetSlot *slot, GError **said)
{
	guint n = g_strv_length(slot->functions);
	g_autofree char **allowed = g_new0(char *, n);
	gboolean asleep;

	for (guint i = 0; i < n; i++) {
		allowed[i] = host->ops->pci_read(host, slot->functions[i], "d3cold_allowed", NULL);
		if (g_strcmp0(allowed[i], "0") == 0)
			host->ops->pci_write(host, slot->functions[i], "d3cold_allowed", "1", NULL);
		host->ops->pci_write(host, slot->functions[i], "power/control", "auto", NULL);
	}
	asleep = wait_for_sleep(host, slot, said);
	for (guint i = 0; i < n; i++) {
		host->ops->pci_write(host, slot->functions[i], "power/control", "on", NULL);
		if (g_strcmp0(allowed[i], "0") == 0)
			host->ops->pci_write(host, slot->functions[i], "d3cold_allowed", "0", NULL);
		g_free(allowed[i]);
	}
	return asleep;
}

/* --- all --- */

static const struct {
	char *(*objection)(HostlerHost *host, const ResetSlot *slot); /* NULL: none ever */
	gboolean (*act)(HostlerHost *host, const ResetSlot *slot, GError **said);
} rungs[RESET_N_RUNGS] = {
	[RESET_RUNG_HOT_RESET] = { NULL, hot_reset },
	[RESET_RUNG_SLOT] = { NULL, reset_subordinate },
	[RESET_RUNG_D3COLD] = { NULL, cycle_power },
	[RESET_RUNG_REMOVE_RESCAN] = { reset_rescan_objection, reset_remove_and_rescan },
};

char *reset_slot_objection(HostlerHost *host, const ResetSlot *slot)
{
	return rungs[slot->rung].objection != NULL ? rungs[slot->rung].objection(host, slot) : NULL;
}

void reset_slot_announce(HostlerHost *host, const ResetSlot *slot)
{
	if (slot->rung == RESET_RUNG_REMOVE_RESCAN)
		reset_rescan_announce(host, slot);
}

/* One function of the slot, before and after. */
typedef struct {
	char *control;
	ResetWitness witness;
} Function;

static gboolean all_idle(HostlerHost *host, GStrv functions, GError **error)
{
	for (gsize i = 0; functions[i] != NULL; i++) {
		if (reset_is_idle_on_vfio(host, functions[i]))
			continue;
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BUSY, "%s below the same port is in use",
			    functions[i]);
		return FALSE;
	}
	return TRUE;
}

/* VFIO looks before it acts. */
static gboolean was_denied(const ResetSlot *slot, const GError *said)
{
	return slot->rung == RESET_RUNG_HOT_RESET && g_error_matches(said, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT);
}

/* What the kernel answers is written down, not believed: the functions are asked. */
static void act(HostlerHost *host, const ResetSlot *slot, ResetTry *tried)
{
	g_autoptr(GError) said = NULL;
	gint64 begun = host->ops->monotonic(host);

	rungs[slot->rung].act(host, slot, &said);
	tried->said = said != NULL ? g_strdup(said->message) : NULL;
	tried->verdict = was_denied(slot, said) ? RESET_NOT_TAKEN : RESET_UNPROVEN;
	tried->microseconds = host->ops->monotonic(host) - begun;
}

/* Of a rung that was denied only what came of it all the same counts. */
static void judge_function(HostlerHost *host, const ResetDevice *device, const Function *function, ResetTry *tried)
{
	ResetVerdict verdict = reset_witness_judge(host, device->claim->key, &function->witness);

	tried->unsound = reset_unsound(host, device->claim->key, device->portrait);
	if (tried->verdict != RESET_NOT_TAKEN || verdict == RESET_DONE || tried->unsound != NULL)
		tried->verdict = verdict;
}

static void end_function(HostlerHost *host, const ResetDevice *device, Function *function, const ResetTry *slots,
			 GKeyFile *answer)
{
	const char *bdf = device->claim->key;
	ResetTry tried = *slots;

	judge_function(host, device, function, &tried);
	reset_try_write(&tried, answer, bdf);
	reset_let_sleep(host, bdf, function->control);
	g_free(tried.unsound);
}

gboolean reset_slot(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	const ResetSlot *slot = job->data;
	guint n = g_strv_length(slot->functions);
	g_autofree Function *functions = g_new0(Function, n);
	ResetTry tried = { .rung = slot->rung };

	if (!all_idle(host, slot->functions, error))
		return FALSE;
	for (guint i = 0; i < n; i++) {
		functions[i].control = reset_keep_awake(host, slot->functions[i]);
		reset_witness_set(host, slot->functions[i], &functions[i].witness);
	}
	act(host, slot, &tried);
	for (guint i = 0; i < n; i++)
		end_function(host, reset_device_find(slot->devices, slot->functions[i]), &functions[i], &tried,
			     answer);
	g_free(tried.said);
	return TRUE;
}
