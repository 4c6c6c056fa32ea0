/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kills one job of a hook before one of its system calls. strace cannot: it counts
 * calls in each process on its own, so the jobs that hand over, the ones that matter,
 * never come to their k-th call, because those that only read died at theirs.
 *
 * usage: kill-job LOG JOB NUMBER K job|all PROGRAM ARGUMENT...
 * JOB: the how-manyeth process that PROGRAM forks; NUMBER: of the system call; all:
 * PROGRAM and all its jobs die at that moment. PROGRAM runs in this very process, as
 * with strace -D, so that its parent is its caller. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PROCESSES 64

static struct {
	FILE *log;
	int job;
	unsigned long number;
	int k;
	bool all;
	pid_t processes[MAX_PROCESSES]; /* PROGRAM, then its jobs in their order */
	int n_processes;
	pid_t target;
	int calls;
} the;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "kill-job: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void kill_one(pid_t pid)
{
	if (kill(pid, SIGKILL) == 0)
		fprintf(the.log, "%d +++ killed by SIGKILL +++\n", pid);
}

static void strike(void)
{
	for (int i = 0; i < the.n_processes; i++) {
		if (the.all || the.processes[i] == the.target)
			kill_one(the.processes[i]);
	}
	exit(0);
}

/* The fork is told of twice, by PROGRAM and by the job's first stop, in either order;
 * PROGRAM waits until it was heard, so the order of jobs is that of their forks. */
static void know(pid_t pid)
{
	for (int i = 0; i < the.n_processes; i++) {
		if (the.processes[i] == pid)
			return;
	}
	if (the.n_processes == MAX_PROCESSES)
		exit(0);
	if (the.n_processes == the.job)
		the.target = pid;
	the.processes[the.n_processes++] = pid;
}

static bool is_the_call(void)
{
	struct __ptrace_syscall_info info = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, the.target, sizeof(info), &info) <= 0)
		return false;
	return info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == the.number && ++the.calls == the.k;
}

static void go_on(pid_t pid, int signal)
{
	ptrace(pid == the.target ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, signal);
}

static void stopped(pid_t pid, int status)
{
	int event = status >> 16;
	unsigned long child = 0;

	know(pid);
	if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
		ptrace(PTRACE_GETEVENTMSG, pid, 0, &child);
		know((pid_t)child);
	} else if (event == 0 && WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		if (is_the_call())
			strike();
	} else if (event == 0) {
		go_on(pid, WSTOPSIG(status));
		return;
	}
	go_on(pid, 0);
}

static void follow(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status))
			stopped(pid, status);
		else if (pid == the.target)
			return; /* it ended before its k-th call */
	}
}

static void trace(pid_t program, int ready)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;

	if (ptrace(PTRACE_SEIZE, program, 0, options) < 0)
		die("cannot trace");
	the.processes[the.n_processes++] = program;
	if (write(ready, "", 1) != 1)
		die("cannot begin");
	close(ready);
	follow();
}

int main(int argc, char **argv)
{
	pid_t program = getpid(), between;
	int ready[2];
	char byte;

	if (argc < 7 || pipe(ready) < 0)
		die("usage, or no pipe");
	the.log = fopen(argv[1], "we");
	the.job = atoi(argv[2]);
	the.number = strtoul(argv[3], NULL, 10);
	the.k = atoi(argv[4]);
	the.all = strcmp(argv[5], "all") == 0;
	if (the.log == NULL || (between = fork()) < 0)
		die("cannot begin");
	if (between == 0) {
		/* The tracer is nobody's child whom PROGRAM could meet in a wait(). */
		if (fork() == 0)
			trace(program, ready[1]);
		exit(0);
	}
	waitpid(between, NULL, 0);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("the tracer did not begin");
	close(ready[0]);
	execv(argv[6], argv + 6);
	die(argv[6]);
}
