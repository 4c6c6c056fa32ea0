/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The descriptors that hostler-watch waits for, and what of them is worth waking up. */
#include "qemu-helpers/watch/sources.h"

#include <errno.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "hostler/error.h"
#include "hostler/log.h"
#include "hostler/record.h"

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_files(HostlerHost *host, const char *links)
{
	g_autofree char *stays = hostler_record_path(host, HOSTLER_RECORD_STAY, NULL);
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	guint32 mask = IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR;

	if (fd >= 0 && inotify_add_watch(fd, links, mask) >= 0 && inotify_add_watch(fd, stays, mask) >= 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Each for itself; and guests with a reserved address need neither, so they are not left alone for it. */
static int open_guests(HostlerHost *host, int (*open_one)(HostlerHost *host, GError **error), const char *whom)
{
	g_autoptr(GError) error = NULL;
	int fd = open_one(host, &error);

	if (fd < 0)
		hostler_log(G_LOG_LEVEL_WARNING, "forward-watch", NULL,
			    "forwards do not follow guests %s: %s; when that is mended: systemctl restart "
			    "hostler-watch", whom, error->message);
	return fd;
}

gboolean sources_open(Sources *sources, HostlerHost *host, const char *links, GError **error)
{
	struct pollfd *fds = sources->fds;

	sources->host = host;
	for (guint i = 0; i < N_SOURCES; i++)
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	fds[SOURCE_SIGNALS].fd = open_signals();
	fds[SOURCE_FILES].fd = open_files(host, links);
	if (fds[SOURCE_SIGNALS].fd < 0 || fds[SOURCE_FILES].fd < 0) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "cannot watch %s: %s", links, g_strerror(errno));
		return FALSE;
	}
	fds[SOURCE_RULES].fd = host->ops->nft_listen(host, error);
	fds[SOURCE_LEASES].fd = open_guests(host, host->ops->leases_listen, "that get another lease");
	fds[SOURCE_NEIGHBOURS].fd = open_guests(host, host->ops->neighbours_listen, "that choose their address");
	return fds[SOURCE_RULES].fd >= 0;
}

/* What it says does not matter: records and kernel are read anyway. An error
 * (ENOBUFS) says that more has changed than could be told. */
static void drain(int fd)
{
	char buffer[2048];

	while (read(fd, buffer, sizeof(buffer)) > 0 || errno == EINTR || errno == ENOBUFS)
		;
}

static gboolean has_floating(const Sources *sources)
{
	return sources->guests != NULL && sources->guests[0] != NULL;
}

static gboolean hear(const Sources *sources, Source source)
{
	int fd = sources->fds[source].fd;
	static const char *const nobody[] = { NULL };

	if (source == SOURCE_NEIGHBOURS)
		return sources->host->ops->neighbours_heard(
			       sources->host, fd,
			       has_floating(sources) ? (const char *const *)sources->guests : nobody) &&
		       has_floating(sources);
	drain(fd);
	return source != SOURCE_LEASES || has_floating(sources);
}

gboolean sources_wait(Sources *sources, int milliseconds, gboolean *ends)
{
	gboolean has_reason = FALSE;

	if (poll(sources->fds, N_SOURCES, milliseconds) <= 0)
		return FALSE;
	for (guint i = 0; i < N_SOURCES; i++) {
		if (sources->fds[i].revents == 0)
			continue;
		has_reason |= hear(sources, i) && i != SOURCE_SIGNALS;
		*ends |= i == SOURCE_SIGNALS;
	}
	return has_reason;
}
