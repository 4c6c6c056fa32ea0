/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler-watch: keeps forwarded ports answering while others change the
 * firewall. Whenever nf_tables or a stay changes it settles the forward plugin;
 * it leaves when no VM has ports open. Who starts it (systemd, or the hook where
 * there is none) gives it its user and CAP_NET_ADMIN; it writes no file but its
 * pid into the lock. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostler/error.h"
#include "hostler/log.h"
#include "hostler/plugin.h"
#include "hostler/record.h"

/* Those who change a firewall do it in bursts. Who changes it back each time we
 * settle is waited for longer and longer, so that no fight takes a whole CPU. */
#define PAUSE_MIN_MICROSECONDS (20 * 1000)
#define PAUSE_MAX_MICROSECONDS (320 * 1000)
#define SETTLE_SECONDS 20
#define LOCK_TRIES 5
#define LOCK_PAUSE_MICROSECONDS (10 * 1000)

enum { SIGNALS, FILES, RULES, N_SOURCES };

typedef struct {
	HostlerHost *host;
	char *folder_path;
	int folder; /* locked while we serve */
	struct pollfd sources[N_SOURCES];
	gint64 due;     /* when to settle, by ops->monotonic(); 0: nothing has changed */
	gint64 settled; /* when we last did */
	gint64 pause;
	gboolean is_blind;
	gboolean is_over;
} Watch;

/* --- rights --- */

#define RIGHTS (1U << CAP_NET_ADMIN)

static gboolean has_no_other_rights(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 && data[0].effective == RIGHTS &&
	       data[0].permitted == RIGHTS && data[1].permitted == 0;
}

/* Sockets to nf_tables are all that it opens in its life. The unit leaves nothing
 * to take away and forbids capset(); so what counts is what is left. */
static gboolean drop_rights(GError **error)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = RIGHTS, .permitted = RIGHTS },
	};

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	syscall(SYS_capset, &header, data);
	if (has_no_other_rights() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST,
		    "hostler-watch needs CAP_NET_ADMIN, and no other right; let its unit start it: "
		    "systemctl start hostler-watch.path");
	return FALSE;
}

/* --- sources --- */

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_files(Watch *watch)
{
	g_autofree char *stays = hostler_record_path(watch->host, HOSTLER_RECORD_STAY, NULL);
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	guint32 mask = IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR;

	if (fd >= 0 && inotify_add_watch(fd, watch->folder_path, mask) >= 0 &&
	    inotify_add_watch(fd, stays, mask) >= 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static gboolean open_sources(Watch *watch, GError **error)
{
	watch->sources[SIGNALS] = (struct pollfd){ .fd = open_signals(), .events = POLLIN };
	watch->sources[FILES] = (struct pollfd){ .fd = open_files(watch), .events = POLLIN };
	if (watch->sources[SIGNALS].fd < 0 || watch->sources[FILES].fd < 0) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "cannot watch %s: %s", watch->folder_path,
			    g_strerror(errno));
		return FALSE;
	}
	watch->sources[RULES] =
		(struct pollfd){ .fd = watch->host->ops->nft_listen(watch->host, error), .events = POLLIN };
	return watch->sources[RULES].fd >= 0;
}

/* What it says does not matter: records and kernel are read anyway. An error
 * (ENOBUFS) says that more has changed than could be told. */
static void drain(int fd)
{
	char buffer[1024];

	while (read(fd, buffer, sizeof(buffer)) > 0 || errno == EINTR || errno == ENOBUFS)
		;
}

/* --- settling --- */

static gint64 now(const Watch *watch)
{
	return watch->host->ops->monotonic(watch->host);
}

static void settle_later(Watch *watch)
{
	gint64 time = now(watch);

	if (watch->due != 0)
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

static void settle_plugins(Watch *watch)
{
	const HostlerPlugin *const *plugins = hostler_plugins();

	for (guint i = 0; plugins[i] != NULL; i++)
		plugins[i]->settle(watch->host, HOSTLER_SETTLE_IN_PASSING);
}

static void settle(Watch *watch)
{
	watch->host->deadline = now(watch) + SETTLE_SECONDS * G_USEC_PER_SEC;
	watch->due = 0;
	if (sees_all(watch))
		settle_plugins(watch);
	watch->settled = now(watch);
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
	if (poll(watch->sources, N_SOURCES, time_to_wait(watch)) <= 0)
		return;
	for (guint i = 0; i < N_SOURCES; i++) {
		if (watch->sources[i].revents == 0)
			continue;
		drain(watch->sources[i].fd);
		if (i == SIGNALS)
			watch->is_over = TRUE;
		else
			settle_later(watch);
	}
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
		return drop_rights(error) && open_sources(watch, error);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST,
		    "cannot open %s: %s; it is for root and the group hostler to read", watch->folder_path,
		    g_strerror(errno));
	return FALSE;
}

int main(void)
{
	g_autoptr(GError) error = NULL;
	Watch watch = { 0 };

	hostler_log_open("hostler-watch", HOSTLER_LOG_STDERR);
	watch.host = hostler_host_open();
	if (!open_watch(&watch, &error)) {
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error), NULL, "%s", error->message);
		return 1;
	}
	serve_alone(&watch);
	hostler_host_free(watch.host);
	g_free(watch.folder_path);
	return 0;
}
