/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the hooks have written, and whether anything is left to be done. */
#include "stays.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "ends.h"
#include "hostler/error.h"
#include "hostler/record.h"
#include "plugins/metrics/inventory.h"

/* Who asks whether we run holds the lock for a moment. */
#define LOCK_ATTEMPTS 10
#define LOCK_PAUSE_MICROSECONDS (50 * 1000)

/* libvirt calls `stopped` at once, unless its hooks are slow. */
#define PATIENCE_SECONDS 10
/* VMs that are restarted come back within this. */
#define GRACE_SECONDS 3
/* A report that could not be written is tried again. */
#define RETRY_SECONDS 10

struct _Stays {
	HostlerHost *host;
	Sampler *sampler;
	Ends *ends;
	GMainLoop *loop;
	int folder;  /* vms/, locked */
	int changes; /* inotify */
	guint watch; /* source ids */
	guint timer;
};

static gboolean is_empty(const Stays *stays, HostlerRecordKind kind)
{
	g_autofree char *path = hostler_record_path(stays->host, kind, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) folder = g_dir_open(path, 0, &error);

	if (folder != NULL)
		return g_dir_read_name(folder) == NULL;
	return g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

static gboolean is_nothing_left(const Stays *stays)
{
	return is_empty(stays, HOSTLER_RECORD_STAY) && is_empty(stays, HOSTLER_RECORD_ENDED);
}

static gboolean lock(const Stays *stays)
{
	for (int i = 0; i < LOCK_ATTEMPTS; i++) {
		if (flock(stays->folder, LOCK_EX | LOCK_NB) == 0)
			return TRUE;
		g_usleep(LOCK_PAUSE_MICROSECONDS);
	}
	return FALSE;
}

/* --- reading --- */

/* Adds those that are still ours to `uuids`. */
static void take_in(Stays *stays, GPtrArray *records, GHashTable *uuids)
{
	while (records->len > 0) {
		g_autoptr(HostlerRecord) stay = g_ptr_array_steal_index(records, 0);

		if (stay->phase == HOSTLER_PHASE_HELD)
			ends_watch(stays->ends, stay);
		if (stay->phase == HOSTLER_PHASE_PENDING || metrics_inventory_interval(stay->body) == 0)
			continue;
		g_hash_table_add(uuids, g_strdup(stay->uuid));
		if (stay->phase == HOSTLER_PHASE_HELD)
			sampler_enter(stays->sampler, g_steal_pointer(&stay));
		else
			sampler_rest(stays->sampler, stay->uuid);
	}
}

/* Adds those that have to wait for their report to `uuids`. */
static void see_off(Stays *stays, GPtrArray *records, GHashTable *uuids)
{
	while (records->len > 0) {
		g_autoptr(HostlerRecord) ended = g_ptr_array_steal_index(records, 0);
		g_autofree char *uuid = g_strdup(ended->uuid);
		gboolean unmeasured = metrics_inventory_interval(ended->body) == 0;

		if (unmeasured || sampler_leave(stays->sampler, g_steal_pointer(&ended)))
			hostler_record_remove(stays->host, HOSTLER_RECORD_ENDED, uuid);
		else
			g_hash_table_add(uuids, g_steal_pointer(&uuid));
	}
}

/* A stay moves from vms/ to ended/: read in this order none is overlooked. Served
 * the other way round, a VM's last run is closed before its next one begins. FALSE:
 * a report has to wait. */
static gboolean read_folders(Stays *stays)
{
	g_autoptr(GPtrArray) running = hostler_records_load(stays->host, HOSTLER_RECORD_STAY);
	g_autoptr(GPtrArray) ended = hostler_records_load(stays->host, HOSTLER_RECORD_ENDED);
	g_autoptr(GHashTable) uuids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	gboolean all_seen_off;

	see_off(stays, ended, uuids);
	all_seen_off = g_hash_table_size(uuids) == 0;
	take_in(stays, running, uuids);
	sampler_begin(stays->sampler);
	sampler_drop_others(stays->sampler, uuids);
	return all_seen_off;
}

static void look(Stays *stays);

static gboolean look_again(gpointer data)
{
	Stays *stays = data;

	stays->timer = 0;
	look(stays);
	return G_SOURCE_REMOVE;
}

/* A hook writes its stay first and asks then whether the lock is held. Whoever
 * found it held by us wrote before we let go of it, and is seen by this look. */
static gboolean leave(gpointer data)
{
	Stays *stays = data;

	stays->timer = 0;
	if (is_nothing_left(stays)) {
		flock(stays->folder, LOCK_UN);
		if (is_nothing_left(stays) || !lock(stays)) {
			g_main_loop_quit(stays->loop);
			return G_SOURCE_REMOVE;
		}
	}
	look(stays);
	return G_SOURCE_REMOVE;
}

static void look(Stays *stays)
{
	gboolean all_done = read_folders(stays);

	g_clear_handle_id(&stays->timer, g_source_remove);
	if (is_nothing_left(stays))
		stays->timer = g_timeout_add_seconds(GRACE_SECONDS, leave, stays);
	else if (!all_done)
		stays->timer = g_timeout_add_seconds(RETRY_SECONDS, look_again, stays);
}

/* --- watching --- */

static gboolean on_change(int fd, GIOCondition condition, gpointer data)
{
	Stays *stays = data;
	char events[2048] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t length;
	gboolean gone = FALSE;

	while ((length = read(fd, events, sizeof(events))) > 0) {
		const struct inotify_event *event;

		for (char *p = events; p < events + length; p += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)(gpointer)p;
			gone = gone || (event->mask & IN_IGNORED) != 0;
		}
	}
	/* Folders made anew have another lock: a new process will see to them. */
	if (gone)
		g_main_loop_quit(stays->loop);
	else
		look(stays);
	return G_SOURCE_CONTINUE;
}

static gboolean watch(Stays *stays, HostlerRecordKind kind, GError **error)
{
	g_autofree char *path = hostler_record_path(stays->host, kind, NULL);

	if (inotify_add_watch(stays->changes, path,
			      IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_ONLYDIR) >= 0)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_METRICS, "cannot watch %s: %s", path, g_strerror(errno));
	return FALSE;
}

static gboolean open_folder(Stays *stays, GError **error)
{
	g_autofree char *path = hostler_record_path(stays->host, HOSTLER_RECORD_STAY, NULL);

	stays->folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (stays->folder >= 0 || errno == ENOENT)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_METRICS,
		    "cannot read %s: %s; it is for root and the group hostler: systemd-sysusers makes the users",
		    path, g_strerror(errno));
	return FALSE;
}

static Stays *stays_new(HostlerHost *host, Sampler *sampler, GMainLoop *loop)
{
	Stays *stays = g_new0(Stays, 1);

	stays->host = host;
	stays->sampler = sampler;
	stays->ends = ends_new(host, PATIENCE_SECONDS);
	stays->loop = loop;
	stays->folder = -1;
	stays->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return stays;
}

gboolean stays_open(Stays **ret_stays, HostlerHost *host, Sampler *sampler, GMainLoop *loop, GError **error)
{
	g_autoptr(Stays) stays = stays_new(host, sampler, loop);

	*ret_stays = NULL;
	if (!open_folder(stays, error))
		return FALSE;
	if (stays->folder < 0 || !lock(stays))
		return TRUE;
	if (!watch(stays, HOSTLER_RECORD_STAY, error) || !watch(stays, HOSTLER_RECORD_ENDED, error))
		return FALSE;
	stays->watch = g_unix_fd_add(stays->changes, G_IO_IN, on_change, stays);
	look(stays);
	*ret_stays = g_steal_pointer(&stays);
	return TRUE;
}

void stays_free(Stays *stays)
{
	g_clear_handle_id(&stays->watch, g_source_remove);
	g_clear_handle_id(&stays->timer, g_source_remove);
	ends_free(stays->ends);
	if (stays->changes >= 0)
		close(stays->changes);
	if (stays->folder >= 0)
		close(stays->folder);
	g_free(stays);
}
