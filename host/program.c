/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that are executed and waited for, within bounds. */
#include "host/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostler/error.h"
#include "host/child.h"
#include "host/machine.h"

#define FIRST_PAUSE_MICROSECONDS 1000
#define LAST_PAUSE_MICROSECONDS (20 * 1000)
#define ANSWER_MAX_BYTES 1024

/* `channel` is -1 when nobody wants to hear what the program says. */
static pid_t start(const char *const *argv, int channel)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	child_begin(channel);
	if (channel >= 0 && dup2(CHILD_KEPT_FD, STDOUT_FILENO) >= 0)
		close(CHILD_KEPT_FD);
	child_execute(argv);
}

/* One that did not end in time is killed and not waited for: in the kernel not
 * even SIGKILL reaches it. */
static gboolean wait_for(HostlerHost *host, pid_t pid, gint64 microseconds, int *status)
{
	gint64 until = host->ops->monotonic(host) + MIN(hostler_host_time_left(host), microseconds);
	gulong pause = FIRST_PAUSE_MICROSECONDS;

	while (TRUE) {
		pid_t ended = waitpid(pid, status, WNOHANG);

		if (ended == pid)
			return TRUE;
		if ((ended < 0 && errno != EINTR) || host->ops->monotonic(host) >= until)
			break;
		g_usleep(pause);
		pause = MIN(pause * 2, LAST_PAUSE_MICROSECONDS);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, status, WNOHANG);
	return FALSE;
}

/* It has ended: what it said is in the pipe, or is lost. */
static char *read_line(int channel)
{
	char bytes[ANSWER_MAX_BYTES];
	ssize_t n;

	do
		n = read(channel, bytes, sizeof(bytes) - 1);
	while (n < 0 && errno == EINTR);
	bytes[MAX(n, 0)] = '\0';
	return g_strndup(bytes, strcspn(bytes, "\n"));
}

static gboolean run(HostlerHost *host, const char *const *argv, gint64 microseconds, int channel, int *status,
		    GError **error)
{
	pid_t pid = start(argv, channel);

	if (pid < 0) {
		machine_error(error, errno, "cannot start %s", argv[0]);
		return FALSE;
	}
	if (wait_for(host, pid, microseconds, status))
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE, "%s did not end in time", argv[0]);
	return FALSE;
}

gboolean program_run(HostlerHost *host, const char *const *argv, gint64 microseconds, char **answer, int *status,
		     GError **error)
{
	int channel[2];
	gboolean ended;

	if (answer == NULL)
		return run(host, argv, microseconds, -1, status, error);
	if (pipe2(channel, O_CLOEXEC | O_NONBLOCK) < 0) {
		machine_error(error, errno, "cannot make a pipe for %s", argv[0]);
		return FALSE;
	}
	ended = run(host, argv, microseconds, channel[1], status, error);
	close(channel[1]);
	*answer = ended ? read_line(channel[0]) : NULL;
	close(channel[0]);
	return ended;
}
