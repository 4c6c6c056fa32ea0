/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking the kernel over netlink what there is, and being told when it changes. */
#include "host/netlink.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "hostler/error.h"
#include "host/machine.h"

#define TRIES 5
#define DUMP_MAX_BYTES (64 * 1024 * 1024)
#define LISTEN_BUFFER_BYTES (1024 * 1024)

static const char *name_of(int protocol)
{
	if (protocol == NETLINK_ROUTE)
		return "the network";
	return protocol == NETLINK_SOCK_DIAG ? "the sockets" : "nf_tables";
}

NetlinkSocket *netlink_open(int protocol, GError **error)
{
	g_autoptr(NetlinkSocket) socket = mnl_socket_open2(protocol, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (socket != NULL && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0)
		return g_steal_pointer(&socket);
	machine_error(error, errno, "cannot open a netlink socket to %s", name_of(protocol));
	return NULL;
}

/* --- one dump --- */

typedef enum {
	DUMP_MORE, /* to come */
	DUMP_WHOLE,
	DUMP_TORN, /* the kernel changed or lost some of it: to be asked for again */
	DUMP_FAILED,
} DumpState;

typedef struct {
	int protocol; /* NETLINK_... */
	struct nlmsghdr *request;
	GByteArray *messages; /* each padded as it came */
	int errnum;           /* when failed */
} Dump;

static DumpState end_with(Dump *dump, int errnum)
{
	if (errnum == 0 || errnum == ENOENT)
		return DUMP_WHOLE;
	if (errnum == EINTR || errnum == EAGAIN || errnum == ERESTART)
		return DUMP_TORN;
	dump->errnum = errnum;
	return DUMP_FAILED;
}

/* NLMSG_ERROR and NLMSG_DONE both begin with a negative errno, or 0. */
static DumpState end_by_message(Dump *dump, const struct nlmsghdr *message)
{
	int code = 0;

	if (mnl_nlmsg_get_payload_len(message) >= sizeof(code))
		memcpy(&code, mnl_nlmsg_get_payload(message), sizeof(code));
	return end_with(dump, -code);
}

static DumpState take_message(Dump *dump, const struct nlmsghdr *message)
{
	if (message->nlmsg_seq != dump->request->nlmsg_seq)
		return DUMP_MORE;
	if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE)
		return message->nlmsg_flags & NLM_F_DUMP_INTR ? DUMP_TORN : end_by_message(dump, message);
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		return DUMP_TORN;
	if (dump->messages->len > DUMP_MAX_BYTES)
		return end_with(dump, EFBIG);
	g_byte_array_append(dump->messages, (const guint8 *)message, message->nlmsg_len);
	g_byte_array_set_size(dump->messages, MNL_ALIGN(dump->messages->len));
	if (message->nlmsg_flags & NLM_F_MULTI || dump->request->nlmsg_flags & NLM_F_ACK)
		return DUMP_MORE;
	return DUMP_WHOLE;
}

static DumpState take_messages(Dump *dump, const void *buffer, int length)
{
	const struct nlmsghdr *message = buffer;
	DumpState state = DUMP_MORE;

	while (state == DUMP_MORE && mnl_nlmsg_ok(message, length)) {
		state = take_message(dump, message);
		message = mnl_nlmsg_next(message, &length);
	}
	return state;
}

static DumpState receive(HostlerHost *host, NetlinkSocket *socket, Dump *dump, void *buffer)
{
	struct pollfd readable = { .fd = mnl_socket_get_fd(socket), .events = POLLIN };
	gint64 left = hostler_host_time_left(host);
	ssize_t n;

	if (poll(&readable, 1, (int)((left + 999) / 1000)) == 0)
		return end_with(dump, ETIMEDOUT);
	n = mnl_socket_recvfrom(socket, buffer, NETLINK_BUFFER_BYTES);
	if (n >= 0)
		return take_messages(dump, buffer, (int)n);
	if (errno == EINTR || errno == EAGAIN)
		return DUMP_MORE;
	return errno == ENOBUFS ? DUMP_TORN : end_with(dump, errno);
}

/* A socket of its own each time: what a torn dump still sends goes with it. */
static DumpState try_dump(HostlerHost *host, Dump *dump, GError **error)
{
	g_autoptr(NetlinkSocket) socket = netlink_open(dump->protocol, error);
	g_autofree char *buffer = g_malloc(NETLINK_BUFFER_BYTES);
	DumpState state = DUMP_MORE;

	if (socket == NULL)
		return DUMP_FAILED;
	g_byte_array_set_size(dump->messages, 0);
	if (mnl_socket_sendto(socket, dump->request, dump->request->nlmsg_len) < 0)
		state = end_with(dump, errno);
	while (state == DUMP_MORE)
		state = receive(host, socket, dump, buffer);
	if (state == DUMP_FAILED)
		machine_error(error, dump->errnum, "cannot ask about %s", name_of(dump->protocol));
	return state;
}

static gboolean hand_on(const Dump *dump, int (*each)(const struct nlmsghdr *message, void *data), gpointer data,
			GError **error)
{
	const struct nlmsghdr *message = (gconstpointer)dump->messages->data;
	int length = (int)dump->messages->len;
	int result = MNL_CB_OK;

	while (result > MNL_CB_STOP && mnl_nlmsg_ok(message, length)) {
		result = each(message, data);
		message = mnl_nlmsg_next(message, &length);
	}
	if (result >= MNL_CB_STOP)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST,
		    "the kernel answered about %s with something that hostler cannot read", name_of(dump->protocol));
	return FALSE;
}

/* Handed on at the end and not as it comes: `each` never sees a torn dump, nor
 * anything twice. */
gboolean netlink_dump(HostlerHost *host, int protocol, const struct nlmsghdr *request,
		      int (*each)(const struct nlmsghdr *message, void *data), gpointer data, GError **error)
{
	g_autoptr(GByteArray) messages = g_byte_array_new();
	g_autofree struct nlmsghdr *copy = g_memdup2(request, request->nlmsg_len);
	Dump dump = { .protocol = protocol, .request = copy, .messages = messages };

	for (guint i = 1; i <= TRIES; i++) {
		DumpState state;

		copy->nlmsg_seq = i;
		state = try_dump(host, &dump, error);
		if (state == DUMP_WHOLE)
			return hand_on(&dump, each, data, error);
		if (state == DUMP_FAILED)
			return FALSE;
	}
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_STALE,
		    "%s changed %d times while hostler asked; try again when the program that changes it is done",
		    name_of(protocol), TRIES);
	return FALSE;
}

gboolean host_nft_dump(HostlerHost *host, const struct nlmsghdr *request,
		       int (*each)(const struct nlmsghdr *message, void *data), gpointer data, GError **error)
{
	return netlink_dump(host, NETLINK_NETFILTER, request, each, data, error);
}

/* --- being told --- */

static gboolean join(int fd, int group)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int bytes = LISTEN_BUFFER_BYTES;

	/* Best effort: with less, the listener is told by ENOBUFS that it missed some. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	       setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0;
}

int netlink_listen(int protocol, int group, GError **error)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd >= 0 && join(fd, group))
		return fd;
	machine_error(error, errno, "cannot listen to changes of %s", name_of(protocol));
	if (fd >= 0)
		close(fd);
	return -1;
}

int host_nft_listen(HostlerHost *host, GError **error)
{
	return netlink_listen(NETLINK_NETFILTER, NFNLGRP_NFTABLES, error);
}
