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

typedef struct {
	const char *bdf;
	int fd;
} Held;

static void drop_all(HostlerHost *host, const GArray *locks)
{
	for (guint i = 0; i < locks->len; i++) {
		const Held *held = &g_array_index(locks, Held, i);

		inflight_drop(host, held->bdf, held->fd);
	}
}

static gboolean take_one(HostlerHost *host, const char *bdf, GArray *locks, GError **error)
{
	Held held = { bdf, inflight_take(host, bdf, error) };

	if (held.fd >= 0)
		g_array_append_val(locks, held);
	return held.fd >= 0;
}

/* All or none. */
static gboolean take_all(HostlerHost *host, const HostlerJob *job, GArray *locks, GError **error)
{
	gboolean taken = take_one(host, job->bdf, locks, error);

	for (gsize i = 0; taken && job->others != NULL && job->others[i] != NULL; i++)
		taken = take_one(host, job->others[i], locks, error);
	if (!taken)
		drop_all(host, locks);
	return taken;
}

/* The work itself; `worked` says whether the devices were ours to touch. */
static GByteArray *work(HostlerHost *host, HostlerJob *job, HostlerJobFunc func, gboolean *worked)
{
	g_autoptr(GKeyFile) answer = g_key_file_new();
	g_autoptr(GArray) locks = g_array_new(FALSE, FALSE, sizeof(Held));
	g_autoptr(GError) error = NULL;
	HostlerJobState state = HOSTLER_JOB_DONE;

	*worked = take_all(host, job, locks, &error);
	if (!*worked) {
		state = error_code(error) == HOSTLER_ERROR_STUCK ? HOSTLER_JOB_STUCK : HOSTLER_JOB_FAILED;
		return write_reply(state, error, answer);
	}
	if (!func(host, job, answer, &error))
		state = HOSTLER_JOB_FAILED;
	drop_all(host, locks);
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

gboolean job_child_may_act(HostlerHost *host, GError **error)
{
	int channel = ((Machine *)host)->channel;
	guint8 byte;
	ssize_t n;

	if (channel < 0)
		return TRUE;
	do
		n = recv(channel, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n > 0 || (n < 0 && errno == EAGAIN))
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE,
		    "the run that wanted this has ended or was out of time; the rest is left to hostler settle");
	return FALSE;
}

/* With `--wait`: what has come loose between libvirt's `stopped` and `release` is left
 * alone at first, and libvirt may never call the latter. */
void job_child_run(HostlerHost *host, HostlerJob *job, HostlerJobFunc func, int channel)
{
	const char *settle[] = { ((Machine *)host)->settle_program, "settle", "--wait", NULL };
	g_autoptr(GByteArray) reply = NULL;
	gboolean worked;

	child_begin(channel);
	((Machine *)host)->channel = CHILD_KEPT_FD;
	reply = work(host, job, func, &worked);
	if (deliver(CHILD_KEPT_FD, reply) || !worked)
		_exit(0);
	close(CHILD_KEPT_FD);
	child_execute(settle);
}
