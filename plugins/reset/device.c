/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/reset/device.h"

#include "hostler/record.h"
#include "plugins/reset/judge.h"

gboolean reset_look(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_autofree char *methods = NULL;

	if (!reset_is_sound(host, job->bdf, error))
		return FALSE;
	methods = host->ops->pci_read(host, job->bdf, "reset_method", NULL);
	g_key_file_set_string(answer, HOSTLER_CLAIM_RESET, "methods", methods != NULL ? methods : "");
	return TRUE;
}

gboolean reset_is_idle_on_vfio(HostlerHost *host, const char *bdf)
{
	g_autofree char *enable = NULL;

	if (!host->ops->pci_on_vfio(host, bdf, NULL))
		return FALSE;
	enable = host->ops->pci_read(host, bdf, "enable", NULL);
	return g_strcmp0(enable, "0") == 0;
}

/* errno is written down, not believed: in the emulated host `bus` failed and
 * had reset, `pm` succeeded and had not. */
static ResetVerdict reset_once(HostlerHost *host, const char *bdf, const char *method, GKeyFile *answer)
{
	g_autoptr(GError) refused = NULL;
	ResetVerdict verdict;
	ResetWitness witness;

	reset_witness_set(host, bdf, &witness);
	if (!host->ops->pci_write(host, bdf, "reset", "1", &refused))
		g_key_file_set_string(answer, HOSTLER_CLAIM_RESET, "kernel", refused->message);
	verdict = reset_witness_judge(host, bdf, &witness);
	if (verdict == RESET_DONE)
		g_key_file_remove_key(answer, HOSTLER_CLAIM_RESET, "kernel", NULL);
	g_key_file_set_string(answer, HOSTLER_CLAIM_RESET, "verdict", reset_verdict_text(verdict));
	g_key_file_set_string(answer, HOSTLER_CLAIM_RESET, "how", method);
	return verdict;
}

/* The kernel takes the first of its methods that raises no error. When that one
 * did nothing the others are asked for by name; a name that it refuses leaves
 * its list as it was. */
static void reset_by_methods(HostlerHost *host, const char *bdf, const char *list, GKeyFile *answer)
{
	g_auto(GStrv) methods = g_strsplit(list, " ", -1);
	ResetVerdict verdict = reset_once(host, bdf, methods[0], answer);
	gboolean changed = FALSE;

	for (gsize i = 1; verdict == RESET_NOT_DONE && methods[i] != NULL; i++) {
		if (!host->ops->pci_write(host, bdf, "reset_method", methods[i], NULL))
			continue;
		changed = TRUE;
		verdict = reset_once(host, bdf, methods[i], answer);
	}
	if (changed)
		host->ops->pci_write(host, bdf, "reset_method", list, NULL);
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

static gboolean reset_awake(HostlerHost *host, const char *bdf, const char *methods, GKeyFile *answer, GError **error)
{
	char *control = reset_keep_awake(host, bdf);
	gint64 begun = host->ops->monotonic(host);
	gboolean sound = reset_is_sound(host, bdf, error);

	if (sound) {
		reset_by_methods(host, bdf, methods, answer);
		g_key_file_set_int64(answer, HOSTLER_CLAIM_RESET, "microseconds", host->ops->monotonic(host) - begun);
		sound = reset_is_sound(host, bdf, error);
	}
	reset_let_sleep(host, bdf, control);
	return sound;
}

gboolean reset_device(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_autofree char *methods = NULL;

	if (!hostler_claim_matches(host, job->data, error))
		return FALSE;
	if (!reset_is_idle_on_vfio(host, job->bdf))
		return TRUE;
	methods = host->ops->pci_read(host, job->bdf, "reset_method", NULL);
	g_key_file_set_string(answer, HOSTLER_CLAIM_RESET, "methods", methods != NULL ? methods : "");
	if (methods == NULL || *methods == '\0')
		return reset_is_sound(host, job->bdf, error);
	return reset_awake(host, job->bdf, methods, answer, error);
}
