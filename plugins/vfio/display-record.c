/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The display's part of a claim. */
#include "plugins/vfio/display-record.h"

static gboolean is_of_class(GKeyFile *facts, const char *prefix)
{
	g_autofree char *class = g_key_file_get_string(facts, HOSTLER_CLAIM_IDENTITY, "class", NULL);

	return class != NULL && g_str_has_prefix(class, prefix);
}

gboolean vfio_display_is_card(GKeyFile *facts)
{
	return is_of_class(facts, "0x03");
}

gboolean vfio_display_is_sound(GKeyFile *facts)
{
	return is_of_class(facts, "0x0403");
}

GStrv vfio_display_list(const HostlerRecord *claim, const char *key)
{
	return g_key_file_get_string_list(claim->body, VFIO_DISPLAY, key, NULL, NULL);
}

static void set_list(HostlerRecord *claim, const char *key, GPtrArray *names)
{
	if (names->len > 0)
		g_key_file_set_string_list(claim->body, VFIO_DISPLAY, key, (const char *const *)names->pdata,
					   names->len);
	else
		g_key_file_remove_key(claim->body, VFIO_DISPLAY, key, NULL);
}

gboolean vfio_display_note(HostlerHost *host, HostlerRecord *claim, const char *key, const char *const *names,
			   GError **error)
{
	g_auto(GStrv) before = vfio_display_list(claim, key);
	g_autoptr(GPtrArray) all = g_ptr_array_new();

	for (gsize i = 0; before != NULL && before[i] != NULL; i++)
		g_ptr_array_add(all, before[i]);
	for (gsize i = 0; names[i] != NULL; i++) {
		if (before == NULL || !g_strv_contains((const char *const *)before, names[i]))
			g_ptr_array_add(all, (gpointer)names[i]);
	}
	if (names[0] == NULL)
		return TRUE;
	set_list(claim, key, all);
	return hostler_record_store(host, claim, error);
}

void vfio_display_forget(HostlerHost *host, HostlerRecord *claim, const char *key, const char *name)
{
	g_auto(GStrv) before = vfio_display_list(claim, key);
	g_autoptr(GPtrArray) rest = g_ptr_array_new();

	for (gsize i = 0; before != NULL && name != NULL && before[i] != NULL; i++) {
		if (!g_str_equal(before[i], name))
			g_ptr_array_add(rest, before[i]);
	}
	if (before == NULL)
		return;
	set_list(claim, key, rest);
	/* Written or not, what is done again does no harm. */
	hostler_record_store(host, claim, NULL);
}

HostlerJobState vfio_display_job(HostlerHost *host, const HostlerRecord *claim, gpointer data, HostlerJobFunc func,
				 GKeyFile **answer, GError **error)
{
	HostlerJob job = { .bdf = claim->key, .data = data };
	HostlerJobState state;

	host->ops->run_jobs(host, &job, 1, func);
	state = job.state;
	if (answer != NULL)
		*answer = g_steal_pointer(&job.answer);
	if (job.error != NULL)
		g_propagate_error(error, g_steal_pointer(&job.error));
	hostler_jobs_clear(&job, 1);
	return state;
}
