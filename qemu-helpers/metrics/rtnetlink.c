/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A socket to rtnetlink. */
#include "rtnetlink.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "hostler/error.h"

#define BUFFER_BYTES (64 * 1024)
/* The kernel answers at once. What is lost all the same must not be waited for. */
#define PATIENCE_SECONDS 1

struct _Rtnetlink {
	struct mnl_socket *socket;
	guint32 sequence;
	char buffer[BUFFER_BYTES];
};

static gboolean open_socket(Rtnetlink *rtnetlink)
{
	const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };

	rtnetlink->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	return rtnetlink->socket != NULL && mnl_socket_bind(rtnetlink->socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
	       setsockopt(mnl_socket_get_fd(rtnetlink->socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
			  sizeof(patience)) == 0;
}

Rtnetlink *rtnetlink_new(GError **error)
{
	g_autoptr(Rtnetlink) rtnetlink = g_new0(Rtnetlink, 1);

	if (open_socket(rtnetlink))
		return g_steal_pointer(&rtnetlink);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_METRICS,
		    "the kernel's network interfaces cannot be asked: %s", g_strerror(errno));
	return NULL;
}

void rtnetlink_free(Rtnetlink *rtnetlink)
{
	if (rtnetlink->socket != NULL)
		mnl_socket_close(rtnetlink->socket);
	g_free(rtnetlink);
}

struct nlmsghdr *rtnetlink_begin(Rtnetlink *rtnetlink, guint16 type, guint16 flags)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(rtnetlink->buffer);

	request->nlmsg_type = type;
	request->nlmsg_flags = (guint16)(NLM_F_REQUEST | flags);
	request->nlmsg_seq = ++rtnetlink->sequence;
	return request;
}

static gboolean has_end(const Rtnetlink *rtnetlink, int length)
{
	const struct nlmsghdr *message = (gconstpointer)rtnetlink->buffer;

	while (mnl_nlmsg_ok(message, length)) {
		if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
			return TRUE;
		message = mnl_nlmsg_next(message, &length);
	}
	return FALSE;
}

/* Of a dump that is torn, to its end: the kernel begins no other one before. */
static void pass_over(Rtnetlink *rtnetlink, ssize_t length)
{
	while (length > 0 && !has_end(rtnetlink, (int)length))
		length = mnl_socket_recvfrom(rtnetlink->socket, rtnetlink->buffer, BUFFER_BYTES);
}

/* Answers of an earlier request, which was given up, are passed over. */
gboolean rtnetlink_ask(Rtnetlink *rtnetlink, mnl_cb_t each, gpointer data)
{
	const struct nlmsghdr *first = (gconstpointer)rtnetlink->buffer;
	int more = MNL_CB_OK;

	if (mnl_socket_sendto(rtnetlink->socket, first, first->nlmsg_len) < 0)
		return FALSE;
	while (more > MNL_CB_STOP) {
		ssize_t length = mnl_socket_recvfrom(rtnetlink->socket, rtnetlink->buffer, BUFFER_BYTES);

		if (length < (ssize_t)sizeof(*first))
			return FALSE;
		if (first->nlmsg_seq == rtnetlink->sequence)
			more = mnl_cb_run(rtnetlink->buffer, (gsize)length, rtnetlink->sequence,
					  mnl_socket_get_portid(rtnetlink->socket), each, data);
		if (more < 0 && errno == EINTR)
			pass_over(rtnetlink, length);
	}
	return more == MNL_CB_STOP;
}
