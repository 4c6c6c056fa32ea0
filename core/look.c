/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One look at a device for all plugins. */
#include "hostler/look.h"

#include "hostler/plugin.h"

static char *name_kept(const char *bdf)
{
	return g_strconcat("look ", bdf, NULL);
}

void hostler_look(HostlerHost *host, const HostlerDomain *domain, const char *bdf, GKeyFile *answer)
{
	const HostlerPlugin *const *plugins = hostler_plugins();

	for (guint i = 0; plugins[i] != NULL; i++) {
		if (plugins[i]->look != NULL && plugins[i]->concerns(domain))
			plugins[i]->look(host, bdf, answer);
	}
}

void hostler_look_keep(HostlerHost *host, const HostlerJob *job)
{
	g_autofree char *name = name_kept(job->bdf);

	g_datalist_remove_data(&host->kept, name);
	if (job->state == HOSTLER_JOB_DONE)
		g_datalist_set_data_full(&host->kept, name, g_key_file_ref(job->answer),
					 (GDestroyNotify)g_key_file_unref);
}

GKeyFile *hostler_look_find(HostlerHost *host, const char *bdf)
{
	g_autofree char *name = name_kept(bdf);

	return g_datalist_get_data(&host->kept, name);
}
