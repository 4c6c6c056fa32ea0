/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Children that inherit nothing. No PR_SET_PDEATHSIG: it follows the thread of
 * libvirtd that forked the hook, not libvirtd. */
#include "host/child.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of the old kind: nobody ignores those beyond, and each is a call. */
#define LAST_SIGNAL 31

static void reset_signals(void)
{
	sigset_t none;

	for (int i = 1; i <= LAST_SIGNAL; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Where close_range() is unknown (a seccomp filter of a container, say). */
static void close_one_by_one(int first)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		int fd = atoi(entry->d_name);

		if (fd >= first && fd != dirfd(folder))
			close(fd);
	}
	if (folder != NULL)
		closedir(folder);
}

static void close_from(int first)
{
	if (close_range((guint)first, ~0U, 0) < 0)
		close_one_by_one(first);
}

/* Above CHILD_KEPT_FD first: `keep` may be one of 0-2 itself. */
static void arrange_fds(int keep)
{
	int high = keep >= 0 ? fcntl(keep, F_DUPFD, CHILD_KEPT_FD + 1) : -1;
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (null < 0 || dup2(null, fd) < 0)
			close(fd);
	}
	if (high >= 0)
		dup2(high, CHILD_KEPT_FD);
	close_from(high >= 0 ? CHILD_KEPT_FD + 1 : CHILD_KEPT_FD);
}

void child_begin(int keep)
{
	setsid();
	reset_signals();
	arrange_fds(keep);
	/* A working folder keeps its file system mounted; a core file is for nobody. */
	if (chdir("/") < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return;
}

void child_execute(const char *const *argv)
{
	static const char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/", NULL };

	execve(argv[0], (char *const *)argv, (char *const *)environment);
	_exit(127);
}

char *child_describe_end(int status)
{
	if (WIFSIGNALED(status))
		return g_strdup_printf("was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) == 127)
		return g_strdup("could not be executed");
	return g_strdup_printf("exited with status %d", WEXITSTATUS(status));
}
