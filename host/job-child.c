/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The child that works on one device. It uses GLib and malloc() between fork and
 * end, which is allowed because the programs that run jobs (the hooks, hostler,
 * hostler settle) have one thread at that time. */
#include "host/job-child.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostler/error.h"
#include "host/child.h"
#include "host/inflight.h"
#include "host/machine.h"

static HostlerErrorCode error_code(const GError *error)
{
	if (error == NULL || error->domain != HOSTLER_ERROR)
		return HOSTLER_ERROR_HOST;
	return (HostlerErrorCode)error->code;
}

static GByteArray *write_reply(HostlerJobState state, const GError *error, GKeyFile *answer)
{
	const char *message = error != NULL ? error->message : "";
	gsize answer_length;
	g_autofree char *text = g_key_file_to_data(answer, &answer_length, NULL);
	JobReply reply = {
		.state = state,
		.code = error_code(error),
		.message_length = (guint32)strlen(message),
		.answer_length = (guint32)answer_length,
	};
	GByteArray *bytes = g_byte_array_new();

	g_byte_array_append(bytes, (const guint8 *)&reply, sizeof(reply));
	g_byte_array_append(bytes, (const guint8 *)message, reply.message_length);
	g_byte_array_append(bytes, (const guint8 *)text, reply.answer_length);
	return bytes;
}

/* The work itself; `lock` says whether the device was ours to touch. */
static GByteArray *work(HostlerHost *host, HostlerJob *job, HostlerJobFunc func, gboolean *worked)
{
	g_autoptr(GKeyFile) answer = g_key_file_new();
	g_autoptr(GError) error = NULL;
	int lock = inflight_take(host, job->bdf, &error);
	HostlerJobState state = HOSTLER_JOB_DONE;

	*worked = lock >= 0;
	if (lock < 0) {
		state = error_code(error) == HOSTLER_ERROR_STUCK ? HOSTLER_JOB_STUCK : HOSTLER_JOB_FAILED;
		return write_reply(state, error, answer);
	}
	if (!func(host, job, answer, &error))
		state = HOSTLER_JOB_FAILED;
	inflight_drop(host, job->bdf, lock);
	return write_reply(state, error, answer);
}

/* Whether the parent took it: an end of the socket that is merely open may
 * close just after our last byte, with nobody to read it. */
static gboolean deliver(int channel, const GByteArray *reply)
{
	guint8 taken;
	gsize sent = 0;
	ssize_t n;

	while (sent < reply->len) {
		n = send(channel, reply->data + sent, reply->len - sent, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return FALSE;
		sent += n > 0 ? (gsize)n : 0;
	}
	do
		n = recv(channel, &taken, sizeof(taken), 0);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

void job_child_run(HostlerHost *host, HostlerJob *job, HostlerJobFunc func, int channel)
{
	const char *settle[] = { ((Machine *)host)->settle_program, "settle", NULL };
	g_autoptr(GByteArray) reply = NULL;
	gboolean worked;

	child_begin(channel);
	reply = work(host, job, func, &worked);
	if (deliver(CHILD_KEPT_FD, reply) || !worked)
		_exit(0);
	close(CHILD_KEPT_FD);
	child_execute(settle);
}
