/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every kind of host shares, also the one that the tests play. */
#include "hostler/host.h"

#include <errno.h>

#include "hostler/error.h"
#include "host/machine.h"

void machine_error(GError **error, int errnum, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list arguments;

	va_start(arguments, format);
	what = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, HOSTLER_ERROR, errnum == ENOENT ? HOSTLER_ERROR_ABSENT : HOSTLER_ERROR_HOST, "%s: %s",
		    what, g_strerror(errnum));
}

void hostler_host_free(HostlerHost *host)
{
	g_datalist_clear(&host->kept);
	if (host->ops->close != NULL)
		host->ops->close(host);
	g_free(host->run_dir);
	g_free(host->log_dir);
	g_free(host->config_file);
	g_free(host->quirks_dir);
	g_free(host->boot_id);
	g_free(host->run);
	g_free(host);
}

gint64 hostler_host_time_left(HostlerHost *host)
{
	return MAX(host->deadline - host->ops->monotonic(host), 0);
}

/* A parent is only lost by its end, so looking whether it lives is enough, and
 * a pid that came round again has another start. */
gboolean hostler_host_caller_lives(HostlerHost *host)
{
	return hostler_process_alive(host, &host->caller);
}

gboolean hostler_process_alive(HostlerHost *host, const HostlerProcess *process)
{
	HostlerProcess now;

	return process->pid > 0 && host->ops->process_find(host, process->pid, &now) && now.start == process->start;
}

void hostler_jobs_clear(HostlerJob *jobs, gsize n_jobs)
{
	for (gsize i = 0; i < n_jobs; i++) {
		g_clear_pointer(&jobs[i].answer, g_key_file_unref);
		g_clear_error(&jobs[i].error);
	}
}
