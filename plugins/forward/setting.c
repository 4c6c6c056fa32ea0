/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of bridges that are ours for a time, and the notes by which they are put back. */
#include "plugins/forward/setting.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "hostler/error.h"
#include "hostler/log.h"
#include "plugins/forward/span.h"

static gboolean is_among(const GPtrArray *bridges, const char *bridge)
{
	return g_ptr_array_find_with_equal_func((GPtrArray *)bridges, bridge, g_str_equal, NULL);
}

GPtrArray *forward_setting_ours(HostlerHost *host, const ForwardSetting *setting)
{
	g_autofree char *path = g_build_filename(host->run_dir, setting->folder, NULL);
	g_autoptr(GDir) entries = g_dir_open(path, 0, NULL);
	GPtrArray *bridges = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
		if (forward_bridge_is_plain(name))
			g_ptr_array_add(bridges, g_strdup(name));
	}
	return bridges;
}

/* -1: it cannot be written, or is not there. */
static int open_folder(HostlerHost *host, const ForwardSetting *setting)
{
	g_autofree char *path = g_build_filename(host->run_dir, setting->folder, NULL);
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder >= 0 && faccessat(folder, ".", W_OK, AT_EACCESS) == 0)
		return folder;
	if (folder >= 0)
		close(folder);
	return -1;
}

static gboolean is_set(HostlerHost *host, const ForwardSetting *setting, const char *bridge)
{
	g_autofree char *path = g_build_filename("/proc/sys/net/ipv4/conf", bridge, setting->name, NULL);
	g_autofree char *text = host->ops->kernel_text(host, path);

	return text != NULL && !g_str_equal(text, "0");
}

static void warn(const ForwardSetting *setting, const char *bridge, const char *why)
{
	hostler_log(G_LOG_LEVEL_WARNING, setting->code, NULL,
		    "%s by bridge %s: %s; when that is mended: hostler settle", setting->use, bridge, why);
}

/* A bridge that is gone has taken the setting along. */
static void put_back(HostlerHost *host, const ForwardSetting *setting, int folder, const char *bridge)
{
	g_autoptr(GError) error = NULL;

	if (!setting->turn(host, bridge, FALSE, &error) &&
	    !g_error_matches(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT))
		warn(setting, bridge, error->message);
	else if (unlinkat(folder, bridge, 0) < 0 && errno != ENOENT)
		warn(setting, bridge, g_strerror(errno));
}

void forward_setting_end(HostlerHost *host, const ForwardSetting *setting, const GPtrArray *wanted)
{
	g_autoptr(GPtrArray) ours = forward_setting_ours(host, setting);
	int folder = ours->len > 0 ? open_folder(host, setting) : -1;

	for (guint i = 0; folder >= 0 && i < ours->len; i++) {
		if (!is_among(wanted, ours->pdata[i]))
			put_back(host, setting, folder, ours->pdata[i]);
	}
	if (folder >= 0)
		close(folder);
}

/* FALSE: it cannot be made. */
static gboolean make_note(int folder, const char *bridge, gboolean *is_new)
{
	int file = openat(folder, bridge, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	*is_new = file >= 0;
	if (file >= 0)
		close(file);
	return file >= 0 || errno == EEXIST;
}

/* One that was set before is not ours to put back, and has no file; nor has what could not be
 * set. A bridge that is gone is set by the hook that brings it back. */
static void set(HostlerHost *host, const ForwardSetting *setting, int folder, const char *bridge)
{
	g_autoptr(GError) error = NULL;
	gboolean is_new;

	if (is_set(host, setting, bridge))
		return;
	if (!make_note(folder, bridge, &is_new)) {
		warn(setting, bridge, g_strerror(errno));
		return;
	}
	if (setting->turn(host, bridge, TRUE, &error))
		return;
	if (is_new)
		unlinkat(folder, bridge, 0);
	if (!g_error_matches(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT))
		warn(setting, bridge, error->message);
}

void forward_setting_begin(HostlerHost *host, const ForwardSetting *setting, const GPtrArray *wanted)
{
	int folder = wanted->len > 0 ? open_folder(host, setting) : -1;

	for (guint i = 0; folder >= 0 && i < wanted->len; i++)
		set(host, setting, folder, wanted->pdata[i]);
	if (folder >= 0)
		close(folder);
}
