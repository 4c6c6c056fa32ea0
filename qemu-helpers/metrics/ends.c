/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ends.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostler/log.h"

struct _Ends {
	HostlerHost *host;
	guint patience;
	GHashTable *watched; /* UUID -> Watched */
};

typedef struct {
	Ends *ends;
	char *uuid;
	HostlerProcess qemu;
	int pidfd;    /* -1: it had ended before */
	guint source; /* first the pidfd's, then the timer's; 0: root was called, which is done once */
} Watched;

static void watched_free(gpointer data)
{
	Watched *watched = data;

	g_clear_handle_id(&watched->source, g_source_remove);
	if (watched->pidfd >= 0)
		close(watched->pidfd);
	g_free(watched->uuid);
	g_free(watched);
}

Ends *ends_new(HostlerHost *host, guint patience)
{
	Ends *ends = g_new(Ends, 1);

	*ends = (Ends){ host, patience, g_hash_table_new_full(g_str_hash, g_str_equal, NULL, watched_free) };
	return ends;
}

void ends_free(Ends *ends)
{
	g_hash_table_unref(ends->watched);
	g_free(ends);
}

static gboolean is_same(const HostlerProcess *a, const HostlerProcess *b)
{
	return a->pid == b->pid && a->start == b->start;
}

static void call_root(HostlerHost *host, const char *uuid)
{
	g_autofree char *path = g_build_filename(host->run_dir, "attention", uuid, NULL);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640);

	hostler_log(G_LOG_LEVEL_MESSAGE, "qemu-ended", &(HostlerSubject){ .uuid = uuid },
		    "QEMU has ended and libvirt has not said so; %s", fd >= 0 ? "having the host settled" :
									       "mend: hostler settle");
	if (fd >= 0)
		close(fd);
}

static gboolean see_whether_said(gpointer data)
{
	Watched *watched = data;
	HostlerHost *host = watched->ends->host;
	g_autoptr(HostlerRecord) stay = hostler_record_load(host, HOSTLER_RECORD_STAY, watched->uuid);

	watched->source = 0;
	if (stay != NULL && stay->phase == HOSTLER_PHASE_HELD && is_same(&stay->qemu, &watched->qemu) &&
	    !hostler_process_alive(host, &stay->qemu))
		call_root(host, watched->uuid);
	else
		g_hash_table_remove(watched->ends->watched, watched->uuid);
	return G_SOURCE_REMOVE;
}

static void await_word(Watched *watched)
{
	watched->source = g_timeout_add_seconds(watched->ends->patience, see_whether_said, watched);
}

static gboolean on_end(int fd, GIOCondition condition, gpointer data)
{
	await_word(data);
	return G_SOURCE_REMOVE;
}

/* Where /proc hides others' processes (hidepid=) it hides the first one, too. Then a pidfd has to do. */
static gboolean proc_hides(HostlerHost *host)
{
	HostlerProcess first;

	return !host->ops->process_find(host, 1, &first);
}

/* By a pidfd, which says so at once and is never another process; the start time tells whether it was one already. */
void ends_watch(Ends *ends, const HostlerRecord *stay)
{
	const Watched *known = g_hash_table_lookup(ends->watched, stay->uuid);
	Watched *watched;
	int pidfd;

	if (known != NULL && is_same(&known->qemu, &stay->qemu))
		return;
	pidfd = (int)syscall(SYS_pidfd_open, stay->qemu.pid, 0);
	if (pidfd < 0 && errno != ESRCH)
		return;
	watched = g_new(Watched, 1);
	*watched = (Watched){ ends, g_strdup(stay->uuid), stay->qemu, pidfd, 0 };
	if (pidfd >= 0 && (hostler_process_alive(ends->host, &stay->qemu) || proc_hides(ends->host)))
		watched->source = g_unix_fd_add(pidfd, G_IO_IN, on_end, watched);
	else
		await_word(watched);
	g_hash_table_replace(ends->watched, watched->uuid, watched);
}
