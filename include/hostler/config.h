/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* /etc/hostler/hostler.conf and hostler.conf.d/ *.conf beside it (later files,
 * in the order of their names, win key by key):
 *
 *   [hooks]    deadline=20     seconds a hook may take, 5..300
 *   [forward]  loopback=false  whether forwards answer at 127.0.0.0/8, too
 *   [metrics]  interval=10     seconds between samples, 1..3600
 *              enabled=true
 *              rtt=true       round trips to guests, by ICMP echoes
 *              log_size=16     MiB that a log may have before it is put aside, 1..1024
 *              prometheus=     an absolute path; none: no files for Prometheus
 */
#define HOSTLER_CONFIG_PATH_BYTES 256

typedef struct {
	guint hook_deadline;    /* seconds */
	gboolean forward_loopback;
	guint metrics_interval; /* seconds */
	gboolean metrics_enabled;
	gboolean metrics_rtt;
	guint metrics_log_size; /* MiB */
	char metrics_prometheus[HOSTLER_CONFIG_PATH_BYTES]; /* "": none */
} HostlerConfig;

/* No file is no error. A file that is not root's (or the caller's own, in
 * tests), that others may write, with an unknown key or a bad value is an error
 * with path, line and mend; `config` then holds the defaults. */
gboolean hostler_config_load(HostlerConfig *config, const char *file, GError **error);

/* Files that programs of root act on. Each is taken only when it is a regular
 * file of root (or of the caller) which nobody else may write, in a folder of
 * the same kind, not behind a symbolic link, and of at most 1 MiB; otherwise
 * HOSTLER_ERROR_CONFIG with path, mode and mend. NULL without an error: there is
 * no such file or folder. */

/* The text; UTF-8 without NUL. */
char *hostler_config_read(const char *file, GError **error);
/* The paths (char *) of the files in `folder` that end in `suffix`, in the order
 * of their names; without hidden files. */
GPtrArray *hostler_config_list(const char *folder, const char *suffix, GError **error);
