/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where quirks come from, and which one a device has. */
#include "plugins/reset/quirk.h"

#include <string.h>

#include "hostler/error.h"

#define SUFFIX ".quirk"
#define KEPT "reset-quirks"

void reset_quirk_free(ResetQuirk *quirk)
{
	g_array_unref(quirk->matches);
	g_free(quirk->needs);
	g_free(quirk->source);
	g_free(quirk->note);
	g_free(quirk->file);
	g_free(quirk);
}

ResetQuirks *reset_quirks_new(void)
{
	ResetQuirks *quirks = g_new0(ResetQuirks, 1);

	quirks->quirks = g_ptr_array_new_with_free_func((GDestroyNotify)reset_quirk_free);
	quirks->errors = g_ptr_array_new_with_free_func((GDestroyNotify)g_error_free);
	return quirks;
}

void reset_quirks_free(ResetQuirks *quirks)
{
	g_ptr_array_unref(quirks->quirks);
	g_ptr_array_unref(quirks->errors);
	g_free(quirks);
}

/* --- files --- */

static GPtrArray *list(ResetQuirks *quirks, const char *folder)
{
	GError *error = NULL;
	GPtrArray *files = hostler_config_list(folder, SUFFIX, &error);

	if (error != NULL)
		g_ptr_array_add(quirks->errors, error);
	return files;
}

static gboolean load_file(ResetQuirks *quirks, const char *file, gboolean is_admins)
{
	GError *error = NULL;
	g_autofree char *text = hostler_config_read(file, &error);
	gboolean loaded = text != NULL && reset_quirks_add(quirks, file, is_admins, text, &error);

	if (error != NULL)
		g_ptr_array_add(quirks->errors, error);
	return loaded;
}

static gboolean has_name(const GPtrArray *files, const char *path)
{
	for (guint i = 0; i < files->len; i++) {
		if (g_str_equal(strrchr(g_ptr_array_index(files, i), '/'), strrchr(path, '/')))
			return TRUE;
	}
	return FALSE;
}

ResetQuirks *reset_quirks_load(HostlerHost *host)
{
	ResetQuirks *quirks = reset_quirks_new();
	g_autofree char *config = g_path_get_dirname(host->config_file);
	g_autofree char *folder = g_build_filename(config, "quirks.d", NULL);
	g_autoptr(GPtrArray) ours = list(quirks, host->quirks_dir);
	g_autoptr(GPtrArray) admins = list(quirks, folder);
	g_autoptr(GPtrArray) loaded = g_ptr_array_new();

	for (guint i = 0; admins != NULL && i < admins->len; i++) {
		if (load_file(quirks, g_ptr_array_index(admins, i), TRUE))
			g_ptr_array_add(loaded, g_ptr_array_index(admins, i));
	}
	/* One that was refused stands in for nothing: ours may say what harms a device. */
	for (guint i = 0; ours != NULL && i < ours->len; i++) {
		if (!has_name(loaded, g_ptr_array_index(ours, i)))
			load_file(quirks, g_ptr_array_index(ours, i), FALSE);
	}
	return quirks;
}

const ResetQuirks *reset_quirks_of(HostlerHost *host)
{
	ResetQuirks *quirks = g_datalist_get_data(&host->kept, KEPT);

	if (quirks == NULL) {
		quirks = reset_quirks_load(host);
		g_datalist_set_data_full(&host->kept, KEPT, quirks, (GDestroyNotify)reset_quirks_free);
	}
	return quirks;
}

/* --- which --- */

static int rank(const ResetQuirk *quirk, const ResetMatch *match)
{
	return (int)match->kind * 2 + (quirk->is_admins ? 1 : 0);
}

const ResetQuirk *reset_quirks_find(const ResetQuirks *quirks, const ResetIdentity *device)
{
	const ResetQuirk *best = NULL;
	int best_rank = -1;

	for (guint i = 0; i < quirks->quirks->len; i++) {
		const ResetQuirk *quirk = g_ptr_array_index(quirks->quirks, i);

		for (guint j = 0; j < quirk->matches->len; j++) {
			const ResetMatch *match = &g_array_index(quirk->matches, ResetMatch, j);

			if (rank(quirk, match) <= best_rank || !reset_match_is(match, device))
				continue;
			best_rank = rank(quirk, match);
			best = quirk;
		}
	}
	return best;
}
