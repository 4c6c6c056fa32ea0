/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler-metrics: one process for the host. It samples every VM that has a stay
 * and leaves when the last report is written. */
#include <errno.h>
#include <glib-unix.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler-build.h"
#include "hostler/error.h"
#include "hostler/log.h"
#include "libvirt.h"
#include "privileges.h"
#include "stays.h"

#define MOST_FILES 16384

static gboolean parse_options(int argc, char **argv, gboolean *show_version, GError **error)
{
	const GOptionEntry entries[] = {
		{ "version", 0, 0, G_OPTION_ARG_NONE, show_version, "Show the version", NULL },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);

	g_option_context_set_summary(context,
				     "Samples the disks and NICs of libvirt's VMs. systemd or a hook starts it\n"
				     "when a VM runs; it ends by itself.");
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, error))
		return FALSE;
	if (argc > 1)
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "it takes no arguments: %s", argv[1]);
	return argc == 1;
}

static gboolean end_loop(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

/* A file that is too long, or a reader that is gone, is an error like others; and there is
 * nothing to be read anew. */
static void ignore_signals(void)
{
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

/* Four files of each VM are kept open. Where this may not be done the unit has done it. */
static void open_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= MOST_FILES)
		return;
	limit.rlim_cur = MIN(limit.rlim_max, MOST_FILES);
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		g_debug("cannot open more files, ignoring: %s", g_strerror(errno));
}

/* A thread for each QEMU that hangs must not cost a heap of its own. */
static void stay_small(void)
{
	mallopt(M_ARENA_MAX, 2);
}

/* Before anything of a guest's is looked at. Without the capability there are no
 * round trips, and everything else. */
static Echo *open_echo(HostlerHost *host)
{
	g_autoptr(GError) error = NULL;
	Echo *echo = host->config.metrics_rtt ? echo_open(&error) : NULL;

	if (error != NULL)
		hostler_log(G_LOG_LEVEL_MESSAGE, "metrics", NULL, "no round trips: %s", error->message);
	if (!privileges_drop())
		hostler_log(G_LOG_LEVEL_WARNING, "metrics", NULL, "capabilities are kept, ignoring: %s",
			    g_strerror(errno));
	return echo;
}

static gboolean serve(HostlerHost *host, GError **error)
{
	g_autoptr(Echo) echo = open_echo(host);
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(Log) log = log_new(host->log_dir);
	g_autoptr(Prometheus) prometheus = NULL;
	g_autoptr(Sampler) sampler = sampler_new(log, NULL, echo);
	g_autoptr(Stays) stays = NULL;

	g_unix_signal_add(SIGTERM, end_loop, loop);
	g_unix_signal_add(SIGINT, end_loop, loop);
	log_set_limit(log, (gsize)host->config.metrics_log_size * 1024 * 1024);
	if (*host->config.metrics_prometheus != '\0')
		prometheus = prometheus_new(host->config.metrics_prometheus);
	sampler_publish(sampler, prometheus);
	if (!libvirt_initialize(error) || !stays_open(&stays, host, sampler, loop, error))
		return FALSE;
	if (stays == NULL)
		return TRUE;
	if (prometheus != NULL)
		prometheus_sweep(prometheus);
	g_main_loop_run(loop);
	sampler_withdraw(sampler);
	return TRUE;
}

int main(int argc, char **argv)
{
	g_autoptr(HostlerHost) host = NULL;
	g_autoptr(GError) error = NULL;
	gboolean show_version = FALSE;

	setlocale(LC_CTYPE, ""); /* for --help */
	hostler_log_open("hostler-metrics", HOSTLER_LOG_STDERR);
	if (!parse_options(argc, argv, &show_version, &error)) {
		fprintf(stderr, "hostler-metrics: %s\n", error->message);
		return 2;
	}
	if (show_version) {
		puts("hostler-metrics " HOSTLER_VERSION);
		return 0;
	}
	umask(027);
	ignore_signals();
	open_many_files();
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	stay_small();
	host = hostler_host_open();
	if (!hostler_config_load(&host->config, host->config_file, &error))
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error), NULL, "%s", error->message);
	g_clear_error(&error);
	if (chdir("/") == 0 && serve(host, &error))
		return 0;
	hostler_log(G_LOG_LEVEL_WARNING, "metrics", NULL, "%s", error != NULL ? error->message : "cannot enter /");
	return 1;
}
