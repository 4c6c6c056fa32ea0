/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel itself shows on the cards: text consoles, and the framebuffer
 * that the firmware left. Away from them in one job, and back in another. */
#include "hostler/error.h"
#include "plugins/vfio/display-record.h"
#include "plugins/vfio/display-release.h"

/* --- away --- */

static void answer_list(GKeyFile *answer, const char *key, const char *const *names)
{
	g_key_file_set_string_list(answer, VFIO_DISPLAY, key, names, g_strv_length((GStrv)(gpointer)names));
}

static gboolean look_at_framebuffers(HostlerHost *host, const VfioRelease *release, GKeyFile *answer, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < release->cards->len; i++) {
		const HostlerRecord *card = g_ptr_array_index(release->cards, i);
		g_auto(GStrv) found = host->ops->framebuffers(host, card->key, error);

		if (found == NULL)
			return FALSE;
		for (gsize j = 0; found[j] != NULL; j++)
			g_ptr_array_add(all, g_strdup(found[j]));
	}
	g_ptr_array_add(all, NULL);
	answer_list(answer, VFIO_DISPLAY_FRAMEBUFFERS, (const char *const *)all->pdata);
	return TRUE;
}

static gboolean look(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	const VfioRelease *release = job->data;
	g_autoptr(GPtrArray) bdfs = g_ptr_array_new();
	g_auto(GStrv) consoles = NULL;

	for (guint i = 0; i < release->cards->len; i++)
		g_ptr_array_add(bdfs, ((const HostlerRecord *)g_ptr_array_index(release->cards, i))->key);
	g_ptr_array_add(bdfs, NULL);
	consoles = host->ops->consoles(host, (const char *const *)bdfs->pdata, error);
	if (consoles == NULL)
		return FALSE;
	answer_list(answer, VFIO_DISPLAY_CONSOLES, (const char *const *)consoles);
	return look_at_framebuffers(host, release, answer, error);
}

static gboolean darken(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	const VfioRelease *release = job->data;
	g_auto(GStrv) consoles = vfio_display_list(release->claim, VFIO_DISPLAY_CONSOLES);
	g_auto(GStrv) framebuffers = vfio_display_list(release->claim, VFIO_DISPLAY_FRAMEBUFFERS);

	for (gsize i = 0; consoles != NULL && consoles[i] != NULL; i++) {
		if (!host->ops->console_switch(host, consoles[i], FALSE, error))
			return FALSE;
	}
	for (gsize i = 0; framebuffers != NULL && framebuffers[i] != NULL; i++) {
		if (!host->ops->framebuffer_switch(host, framebuffers[i], FALSE, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean note_answer(const VfioRelease *release, GKeyFile *answer, const char *key, GError **error)
{
	g_auto(GStrv) names = g_key_file_get_string_list(answer, VFIO_DISPLAY, key, NULL, NULL);

	return names == NULL ||
	       vfio_display_note(release->host, release->claim, key, (const char *const *)names, error);
}

gboolean vfio_release_unbind_consoles(const VfioRelease *release, GError **error)
{
	g_autoptr(GKeyFile) answer = NULL;

	vfio_release_give_time(release, VFIO_RELEASE_STEP_SECONDS);
	if (vfio_display_job(release->host, release->claim, (gpointer)release, look, &answer, error) !=
		    HOSTLER_JOB_DONE ||
	    !note_answer(release, answer, VFIO_DISPLAY_CONSOLES, error) ||
	    !note_answer(release, answer, VFIO_DISPLAY_FRAMEBUFFERS, error))
		return FALSE;
	vfio_release_give_time(release, VFIO_RELEASE_STEP_SECONDS);
	return vfio_display_job(release->host, release->claim, (gpointer)release, darken, NULL, error) ==
	       HOSTLER_JOB_DONE;
}

/* --- and back: the reverse order, and one that fails keeps no other --- */

typedef gboolean (*Switch)(HostlerHost *host, const char *name, gboolean on, GError **error);

static gboolean switch_on(HostlerHost *host, const HostlerRecord *claim, const char *key, Switch func, GError **error)
{
	g_auto(GStrv) names = vfio_display_list(claim, key);
	gboolean all = TRUE;

	for (guint i = names != NULL ? g_strv_length(names) : 0; i > 0; i--) {
		if (!func(host, names[i - 1], TRUE, all ? error : NULL))
			all = FALSE;
	}
	return all;
}

static gboolean light(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	const HostlerRecord *claim = job->data;
	const HostlerHostOps *ops = host->ops;
	gboolean framebuffers = switch_on(host, claim, VFIO_DISPLAY_FRAMEBUFFERS, ops->framebuffer_switch, error);

	return switch_on(host, claim, VFIO_DISPLAY_CONSOLES, ops->console_switch, framebuffers ? error : NULL) &&
	       framebuffers;
}

HostlerJobState vfio_release_rebind_consoles(HostlerHost *host, HostlerRecord *claim, GError **error)
{
	HostlerJobState state;

	if (!g_key_file_has_key(claim->body, VFIO_DISPLAY, VFIO_DISPLAY_CONSOLES, NULL) &&
	    !g_key_file_has_key(claim->body, VFIO_DISPLAY, VFIO_DISPLAY_FRAMEBUFFERS, NULL))
		return HOSTLER_JOB_DONE;
	state = vfio_display_job(host, claim, claim, light, NULL, error);
	if (state == HOSTLER_JOB_DONE) {
		vfio_display_forget(host, claim, VFIO_DISPLAY_FRAMEBUFFERS, NULL);
		vfio_display_forget(host, claim, VFIO_DISPLAY_CONSOLES, NULL);
	}
	return state;
}
