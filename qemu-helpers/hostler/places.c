/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hooks and helpers: are they where they are needed? */
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler-build.h"

/* --- hooks --- */

static char *describe_hook(const char *folder, const char *program)
{
	g_autofree char *path = g_build_filename(folder, "10-hostler", NULL);
	struct stat info;

	if (stat(path, &info) < 0)
		return g_strdup_printf("MISSING (%s), and libvirt starts VMs without it; mend: mkdir -p %s && "
				       "ln -sf %s %s && systemctl reload libvirtd",
				       g_strerror(errno), folder, program, path);
	if (!S_ISREG(info.st_mode) || (info.st_mode & S_IXUSR) == 0)
		return g_strdup_printf("NOT EXECUTABLE, and libvirt starts VMs without it; mend: chmod 0755 %s",
				       path);
	if (info.st_uid != 0 || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return g_strdup_printf("OTHERS MAY CHANGE IT, and libvirt runs it as root; mend: "
				       "chown root:root %s && chmod 0755 %s",
				       path, path);
	return g_strdup_printf("in place, %s", path);
}

void places_show_hooks(const HostlerSink *sink, const char *hook_dir)
{
	static const char *const objects[] = { "qemu", "network", "daemon" };

	for (gsize i = 0; i < G_N_ELEMENTS(objects); i++) {
		g_autofree char *folder = g_strdup_printf("%s/%s.d", hook_dir, objects[i]);
		g_autofree char *program = g_strdup_printf(HOSTLER_SBIN_DIR "/hostler-%s-hook", objects[i]);
		g_autofree char *text = describe_hook(folder, program);

		sink->line(sink->data, NULL, "hooks", objects[i], text);
	}
}

/* --- helpers --- */

/* systemd may take so long to start it, once the one before has settled. */
#define SETTLE_SECONDS 10

static gboolean is_locked(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	gboolean locked;

	if (fd < 0)
		return FALSE;
	locked = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	close(fd);
	return locked;
}

static gboolean is_needed(const char *path)
{
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);

	return folder != NULL && g_dir_read_name(folder) != NULL;
}

/* It holds a lock on `folder` while it runs, and has to while `work` is not empty. */
static void show_helper(HostlerHost *host, const HostlerSink *sink, const char *name, const char *folder,
			const char *work)
{
	g_autofree char *locked = g_build_filename(host->run_dir, folder, NULL);
	g_autofree char *needed = g_build_filename(host->run_dir, work, NULL);
	g_autofree char *text = NULL;

	if (is_locked(locked))
		text = g_strdup("runs");
	else if (!is_needed(needed))
		text = g_strdup("does not run; nothing to do");
	else
		text = g_strdup_printf("DOES NOT RUN, although %s is not empty; mend: "
				       "systemctl enable --now %s.path, or without systemd: hostler settle",
				       needed, name);
	sink->line(sink->data, NULL, "helpers", name, text);
}

/* Reports of VMs that have ended wait for it as well. Where nobody shall measure nothing else does. */
static const char *find_work(HostlerHost *host)
{
	g_autofree char *vms = g_build_filename(host->run_dir, "vms", NULL);

	return host->config.metrics_enabled && is_needed(vms) ? "vms" : "ended";
}

/* Its unit takes calls away before it begins; what comes while it settles, within the deadline, or waits is for
 * afterwards. */
static void show_calls(HostlerHost *host, const HostlerSink *sink)
{
	g_autofree char *calls = g_build_filename(host->run_dir, "attention", NULL);
	g_autofree char *lock = g_build_filename(host->run_dir, "locks", "settle", NULL);
	g_autofree char *text = NULL;
	gint64 patience = SETTLE_SECONDS + host->config.hook_deadline;
	struct stat info;

	if (!is_needed(calls) || is_locked(lock) || stat(calls, &info) < 0 ||
	    g_get_real_time() / G_USEC_PER_SEC - (gint64)info.st_mtime < patience)
		return;
	text = g_strdup_printf("DOES NOT RUN, although %s is not empty, and devices do not go back; mend: "
			       "systemctl enable --now hostler-settle.path", calls);
	sink->line(sink->data, NULL, "helpers", "hostler-settle", text);
}

gboolean places_have_systemd(void)
{
	return g_file_test("/run/systemd/system", G_FILE_TEST_IS_DIR);
}

void places_show_helpers(HostlerHost *host, const HostlerSink *sink, gboolean by_systemd)
{
	show_helper(host, sink, "hostler-metrics", "vms", find_work(host));
	show_helper(host, sink, "hostler-watch", "watch", "watch");
	if (by_systemd)
		show_calls(host, sink);
}
