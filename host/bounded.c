/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs on devices, each in a child, none waited for beyond the deadline. */
#include "host/bounded.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostler/error.h"
#include "hostler/text.h"
#include "host/child.h"
#include "host/inflight.h"
#include "host/job-child.h"

#define SIDE_BY_SIDE 64
#define REAP_PAUSE_MICROSECONDS 100

typedef struct {
	HostlerJob *job;
	pid_t pid;
	int channel; /* our end of the child's socket; -1: nothing more to come */
	gint64 since;
	GByteArray *received;
	gboolean taken; /* the reply is whole, and the child is told so */
	gboolean told;  /* that the job is over */
} Child;

/* It becomes the name of a file. */
static gboolean is_job_name(const char *name)
{
	return hostler_text_is_bdf(name) ||
	       (*name != '\0' && name[strspn(name, G_CSET_a_2_z G_CSET_DIGITS "-")] == '\0');
}

/* --- replies --- */

static void fail(HostlerJob *job, HostlerJobState state, HostlerErrorCode code, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

static void fail(HostlerJob *job, HostlerJobState state, HostlerErrorCode code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	job->state = state;
	job->error = g_error_new_valist(HOSTLER_ERROR, (int)code, format, arguments);
	va_end(arguments);
}

/* NULL until all of it is there. */
static const JobReply *whole_reply(const Child *child, JobReply *reply)
{
	if (child->received->len < sizeof(*reply))
		return NULL;
	memcpy(reply, child->received->data, sizeof(*reply));
	if (child->received->len < sizeof(*reply) + reply->message_length + reply->answer_length)
		return NULL;
	return reply;
}

static gboolean is_too_long(const Child *child)
{
	JobReply reply;

	if (child->received->len < sizeof(reply))
		return FALSE;
	memcpy(&reply, child->received->data, sizeof(reply));
	return reply.message_length > JOB_REPLY_MAX || reply.answer_length > JOB_REPLY_MAX;
}

static void take_reply(Child *child, const JobReply *reply)
{
	const char *message = (const char *)child->received->data + sizeof(*reply);
	HostlerJob *job = child->job;

	job->state = reply->state;
	if (job->state != HOSTLER_JOB_DONE)
		job->error = g_error_new(HOSTLER_ERROR, (int)reply->code, "%.*s", (int)reply->message_length,
					 message);
	/* An answer that cannot be read must not pass for one that says nothing. */
	if (reply->answer_length > 0 &&
	    !g_key_file_load_from_data(job->answer, message + reply->message_length, reply->answer_length,
				       G_KEY_FILE_NONE, NULL) && job->state == HOSTLER_JOB_DONE)
		fail(job, HOSTLER_JOB_FAILED, HOSTLER_ERROR_HOST,
		     "the answer about %s cannot be read; please report this as a bug of hostler", job->bdf);
	child->taken = TRUE;
	if (send(child->channel, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
		return; /* killed since; what it said is whole all the same */
}

/* --- one child --- */

static void child_clear(Child *child)
{
	if (child->channel >= 0)
		close(child->channel);
	child->channel = -1;
	g_clear_pointer(&child->received, g_byte_array_unref);
}

/* It is left behind where it is: in the kernel not even SIGKILL reaches it.
 * That its socket closes tells it so when it comes back. */
static void child_leave(Child *child)
{
	g_autofree char *who = inflight_describe(child->pid, child->since);

	child_clear(child);
	if (child->taken)
		return;
	fail(child->job, HOSTLER_JOB_STUCK, HOSTLER_ERROR_STUCK,
	     "%s is stuck: the kernel has not come back from an operation on it (%s); end the program that holds the "
	     "device open, or restart the host",
	     child->job->bdf, who);
}

/* Within microseconds, unless it was killed and the kernel has still to close a device for it.
 * FALSE: the deadline is here. */
static gboolean reap(HostlerHost *host, pid_t pid, int *status)
{
	while (waitpid(pid, status, WNOHANG) == 0) {
		if (hostler_host_time_left(host) == 0)
			return FALSE;
		g_usleep(REAP_PAUSE_MICROSECONDS);
	}
	return TRUE;
}

/* Its end of the socket is closed: it is gone, or as good as gone. */
static void child_ended(HostlerHost *host, Child *child)
{
	g_autofree char *how = NULL;
	int status = 0;

	if (!reap(host, child->pid, &status)) {
		child_leave(child);
		return;
	}
	child_clear(child);
	if (child->taken)
		return;
	how = child_describe_end(status);
	fail(child->job, HOSTLER_JOB_FAILED, HOSTLER_ERROR_HOST,
	     "the work on %s broke off: its process %s; please report this as a bug of hostler", child->job->bdf,
	     how);
}

static void child_receive(HostlerHost *host, Child *child)
{
	guint8 buffer[2048];
	JobReply reply;
	ssize_t n = recv(child->channel, buffer, sizeof(buffer), MSG_DONTWAIT);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		child_ended(host, child);
		return;
	}
	if (child->taken)
		return;
	g_byte_array_append(child->received, buffer, (guint)n);
	if (is_too_long(child)) {
		child_clear(child);
		fail(child->job, HOSTLER_JOB_FAILED, HOSTLER_ERROR_HOST, "the answer about %s is too long",
		     child->job->bdf);
	} else if (whole_reply(child, &reply) != NULL) {
		take_reply(child, &reply);
	}
}

static void child_start(HostlerHost *host, Child *child, HostlerJobFunc func)
{
	int channel[2];

	if (!is_job_name(child->job->bdf)) {
		fail(child->job, HOSTLER_JOB_FAILED, HOSTLER_ERROR_ARGUMENTS,
		     "no PCI address, and no name of a job: %s", child->job->bdf);
		return;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0) {
		fail(child->job, HOSTLER_JOB_FAILED, HOSTLER_ERROR_HOST, "cannot make a socket for %s: %s",
		     child->job->bdf, g_strerror(errno));
		return;
	}
	child->since = g_get_real_time() / G_USEC_PER_SEC;
	child->pid = fork();
	if (child->pid == 0)
		job_child_run(host, child->job, func, channel[1]);
	close(channel[1]);
	child->channel = channel[0];
	child->received = g_byte_array_new();
	if (child->pid > 0)
		return;
	child_clear(child);
	fail(child->job, HOSTLER_JOB_FAILED, HOSTLER_ERROR_HOST, "cannot start a process for %s: %s", child->job->bdf,
	     g_strerror(errno));
}

/* --- all of them --- */

/* FALSE: the deadline is here. What has come in by then still counts. */
static gboolean receive_some(HostlerHost *host, Child *children, gsize n_started)
{
	struct pollfd polls[SIDE_BY_SIDE];
	Child *polled[SIDE_BY_SIDE];
	gint64 left = hostler_host_time_left(host);
	nfds_t n = 0;

	for (gsize i = 0; i < n_started; i++) {
		if (children[i].channel < 0)
			continue;
		polled[n] = &children[i];
		polls[n++] = (struct pollfd){ .fd = children[i].channel, .events = POLLIN };
	}
	if (poll(polls, n, (int)((left + 999) / 1000)) <= 0)
		return left > 0;
	for (nfds_t i = 0; i < n; i++) {
		if (polls[i].revents != 0)
			child_receive(host, polled[i]);
	}
	return TRUE;
}

static gsize count_running(const Child *children, gsize n_started)
{
	gsize n = 0;

	for (gsize i = 0; i < n_started; i++)
		n += children[i].channel >= 0;
	return n;
}

static void give_up(Child *children, gsize n_started, gsize n_jobs)
{
	for (gsize i = 0; i < n_started; i++) {
		if (children[i].channel >= 0)
			child_leave(&children[i]);
	}
	for (gsize i = n_started; i < n_jobs; i++)
		fail(children[i].job, HOSTLER_JOB_FAILED, HOSTLER_ERROR_DEADLINE,
		     "no time was left to begin with %s; try again", children[i].job->bdf);
}

static void tell_over(HostlerHost *host, Child *children, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		HostlerJob *job = children[i].job;

		if (children[i].channel >= 0 || children[i].told)
			continue;
		children[i].told = TRUE;
		if (job->over != NULL)
			job->over(host, job);
	}
}

static void start_some(HostlerHost *host, Child *children, gsize *n_started, gsize n_jobs, HostlerJobFunc func)
{
	while (*n_started < n_jobs && count_running(children, *n_started) < SIDE_BY_SIDE &&
	       hostler_host_time_left(host) > 0)
		child_start(host, &children[(*n_started)++], func);
}

void host_run_jobs(HostlerHost *host, HostlerJob *jobs, gsize n_jobs, HostlerJobFunc func)
{
	g_autofree Child *children = g_new0(Child, n_jobs);
	gsize n_started = 0;

	for (gsize i = 0; i < n_jobs; i++) {
		children[i] = (Child){ .job = &jobs[i], .channel = -1 };
		jobs[i].state = HOSTLER_JOB_DONE;
		jobs[i].answer = g_key_file_new();
		jobs[i].error = NULL;
	}
	do {
		start_some(host, children, &n_started, n_jobs, func);
		tell_over(host, children, n_started);
	} while ((n_started < n_jobs || count_running(children, n_started) > 0) &&
		 receive_some(host, children, n_started));
	give_up(children, n_started, n_jobs);
	tell_over(host, children, n_jobs);
}

gboolean host_job_in_flight(HostlerHost *host, const char *bdf)
{
	return is_job_name(bdf) && inflight_held(host, bdf);
}
