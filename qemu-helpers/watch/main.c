/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler-watch: keeps forwarded ports answering while others change the firewall,
 * and has them follow guests that get another address. Whenever nf_tables, a stay,
 * a lease or a neighbour changes it settles the forward plugin; it leaves when no VM
 * has ports open. Who starts it (systemd, or the hook where there is none) gives it
 * its user and CAP_NET_ADMIN. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "hostler/error.h"
#include "hostler/log.h"
#include "hostler/record.h"
#include "plugins/forward/settle.h"
#include "plugins/forward/stays.h"
#include "qemu-helpers/watch/rights.h"
#include "qemu-helpers/watch/sources.h"

/* Those who change a firewall do it in bursts. Who changes it back each time we
 * settle is waited for longer and longer, so that no fight takes a whole CPU. */
#define PAUSE_MIN_MICROSECONDS (20 * 1000)
#define PAUSE_MAX_MICROSECONDS (320 * 1000)
/* What could not be settled, for another run of ours kept the lock or the kernel did
 * not want to: when to try again, longer and longer. */
#define RETRY_MIN_MICROSECONDS G_USEC_PER_SEC
#define RETRY_MAX_MICROSECONDS (60 * G_USEC_PER_SEC)
#define SETTLE_SECONDS 5
#define LOCK_TRIES 5
#define LOCK_PAUSE_MICROSECONDS (10 * 1000)

typedef struct {
	HostlerHost *host;
	char *folder_path;
	int folder; /* locked while we serve */
	Sources sources;
	gint64 due;     /* when to settle, by ops->monotonic(); 0: nothing has changed */
	gint64 settled; /* when we last did */
	gint64 pause;
	gint64 retry;   /* 0: the last settling did what was to be done */
	gboolean is_blind;
	gboolean is_over;
} Watch;

/* --- settling --- */

static gint64 now(const Watch *watch)
{
	return watch->host->ops->monotonic(watch->host);
}

static void settle_later(Watch *watch)
{
	gint64 time = now(watch);

	if (watch->due != 0 && (watch->retry == 0 || watch->due <= time + PAUSE_MAX_MICROSECONDS))
		return;
	if (time - watch->settled > 4 * PAUSE_MAX_MICROSECONDS)
		watch->pause = PAUSE_MIN_MICROSECONDS;
	else
		watch->pause = MIN(2 * watch->pause, PAUSE_MAX_MICROSECONDS);
	watch->due = time + watch->pause;
}

static gboolean is_hidden(HostlerHost *host, const HostlerRecord *stay)
{
	HostlerProcess process;

	return stay->qemu.pid > 0 && !host->ops->process_find(host, stay->qemu.pid, &process) &&
	       kill(stay->qemu.pid, 0) < 0 && errno == EPERM;
}

/* Where /proc hides the processes of others, a VM that runs looks like one that
 * is gone; its ports must not be closed for that. */
static gboolean sees_all(Watch *watch)
{
	g_autoptr(GPtrArray) stays = hostler_records_load(watch->host, HOSTLER_RECORD_STAY);
	gboolean was_blind = watch->is_blind;

	watch->is_blind = FALSE;
	for (guint i = 0; i < stays->len && !watch->is_blind; i++)
		watch->is_blind = is_hidden(watch->host, g_ptr_array_index(stays, i));
	if (watch->is_blind && !was_blind)
		hostler_log(G_LOG_LEVEL_WARNING, "forward-watch", NULL,
			    "forwarded ports are not healed: /proc hides QEMU from user hostler; let its group see: "
			    "mount -o remount,gid=hostler /proc");
	return !watch->is_blind;
}

/* A QEMU that ended and of which no hook has told: its records are root's to mend. */
static void call_for_the_dead(Watch *watch)
{
	g_autoptr(GPtrArray) stays = hostler_records_load(watch->host, HOSTLER_RECORD_STAY);

	for (guint i = 0; i < stays->len; i++) {
		const HostlerRecord *stay = g_ptr_array_index(stays, i);

		if (stay->phase == HOSTLER_PHASE_HELD && forward_stay_has_spans(stay) &&
		    !hostler_record_alive(watch->host, stay)) {
			watch->host->ops->helper_start(watch->host, HOSTLER_HELPER_SETTLE);
			return;
		}
	}
}

static void retry_later(Watch *watch)
{
	watch->retry = CLAMP(2 * watch->retry, RETRY_MIN_MICROSECONDS, RETRY_MAX_MICROSECONDS);
	watch->due = now(watch) + watch->retry;
}

static void settle(Watch *watch)
{
	gboolean sees = sees_all(watch);
	gboolean done;

	watch->host->deadline = now(watch) + SETTLE_SECONDS * G_USEC_PER_SEC;
	watch->due = 0;
	done = !sees || forward_settle(watch->host);
	g_strfreev(watch->sources.guests);
	watch->sources.guests = forward_stays_floating(watch->host);
	if (sees)
		call_for_the_dead(watch);
	watch->settled = now(watch);
	if (done)
		watch->retry = 0;
	else
		retry_later(watch);
}

/* --- serving --- */

static gboolean has_links(const Watch *watch)
{
	g_autoptr(GDir) folder = g_dir_open(watch->folder_path, 0, NULL);

	return folder != NULL && g_dir_read_name(folder) != NULL;
}

static int time_to_wait(const Watch *watch)
{
	if (watch->due == 0)
		return -1;
	return (int)(MAX(watch->due - now(watch), 0) + 999) / 1000;
}

static void wait_for_change(Watch *watch)
{
	if (sources_wait(&watch->sources, time_to_wait(watch), &watch->is_over))
		settle_later(watch);
}

/* What changed before we listened is only seen by looking. */
static void serve(Watch *watch)
{
	settle(watch);
	while (!watch->is_over && (watch->due != 0 || has_links(watch))) {
		wait_for_change(watch);
		if (watch->due != 0 && now(watch) >= watch->due)
			settle(watch);
	}
}

/* Hooks hold the lock for a moment, to ask whether anybody has it; only who keeps
 * it is another hostler-watch. */
static gboolean take_folder(const Watch *watch)
{
	for (guint i = 0; i < LOCK_TRIES; i++) {
		if (flock(watch->folder, LOCK_EX | LOCK_NB) == 0)
			return TRUE;
		g_usleep(LOCK_PAUSE_MICROSECONDS);
	}
	return FALSE;
}

/* A hook makes its link first and then asks. So whoever found the lock held by us
 * is seen by the look after we let go of it. */
static void serve_alone(Watch *watch)
{
	while (!watch->is_over && has_links(watch) && take_folder(watch)) {
		serve(watch);
		flock(watch->folder, LOCK_UN);
	}
}

static gboolean open_watch(Watch *watch, GError **error)
{
	watch->folder_path = g_build_filename(watch->host->run_dir, "watch", NULL);
	watch->pause = PAUSE_MIN_MICROSECONDS;
	watch->folder = open(watch->folder_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (watch->folder < 0 && errno == ENOENT) {
		watch->is_over = TRUE; /* no VM ever had a port */
		return TRUE;
	}
	if (watch->folder >= 0)
		return rights_drop(error) && sources_open(&watch->sources, watch->host, watch->folder_path, error);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST,
		    "cannot open %s: %s; it is for root and the group hostler to read", watch->folder_path,
		    g_strerror(errno));
	return FALSE;
}

/* Whoever asks for --help wants an answer and no second watch. */
static int explain(const char *argument)
{
	gboolean is_asked_for = g_str_equal(argument, "--help");

	fputs("usage: hostler-watch\n"
	      "Keeps the forwards of running VMs in place. systemd or a hook starts it when a\n"
	      "VM with forwards runs; it ends by itself. See hostler-watch(8).\n",
	      is_asked_for ? stdout : stderr);
	return is_asked_for ? 0 : 2;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	Watch watch = { 0 };

	if (argc > 1)
		return explain(argv[1]);
	hostler_log_open("hostler-watch", HOSTLER_LOG_STDERR);
	watch.host = hostler_host_open();
	if (!open_watch(&watch, &error)) {
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error), NULL, "%s", error->message);
		return 1;
	}
	serve_alone(&watch);
	hostler_host_free(watch.host);
	g_strfreev(watch.sources.guests);
	g_free(watch.folder_path);
	return 0;
}
