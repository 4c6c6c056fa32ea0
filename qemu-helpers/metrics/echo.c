/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sending and meeting echoes. Whoever answers must know a number that only he was
 * told, so a guest cannot speak for another one. */
#include "echo.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "hostler/error.h"

/* In one go; the socket also gets the answers to other people's pings. */
#define MOST_AT_ONCE 64
#define NANOSECONDS 1e9

enum { IPV4, IPV6, FAMILIES };

struct _Echo {
	int sockets[FAMILIES]; /* -1: the host does not know the family */
	guint watches[FAMILIES];
	guint16 identifier;
	GHashTable *out; /* number -> EchoPeer that waits for its answer */
};

struct _EchoPeer {
	Echo *echo;
	guint64 number; /* of the echo that is out; 0: none is */
	double sent_at;      /* by the clock that the kernel stamps packets with, */
	double sent_at_boot; /* and by the one that nobody sets */
	Rtt rtt;
};

/* Both families have the same head, and what they send back is up to us. */
typedef struct {
	guint8 type;
	guint8 code;
	guint16 checksum;
	guint16 identifier;
	guint16 sequence;
	guint64 number;
	guint8 filling[40]; /* as long as ping's */
} Packet;

static double read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / NANOSECONDS;
}

/* --- peers --- */

EchoPeer *echo_peer_new(Echo *echo)
{
	EchoPeer *peer = g_new0(EchoPeer, 1);

	peer->echo = echo;
	return peer;
}

static void stop_waiting(EchoPeer *peer)
{
	g_hash_table_remove(peer->echo->out, &peer->number);
	peer->number = 0;
}

void echo_peer_free(EchoPeer *peer)
{
	stop_waiting(peer);
	g_free(peer);
}

Rtt echo_peer_take(EchoPeer *peer)
{
	Rtt rtt = peer->rtt;

	peer->rtt = (Rtt){ 0 };
	return rtt;
}

/* --- sending --- */

static guint16 find_checksum(const void *data, gsize length)
{
	const guint16 *words = data;
	guint32 sum = 0;

	for (gsize i = 0; i < length / 2; i++)
		sum += words[i];
	sum = (sum >> 16) + (sum & 0xffff);
	return (guint16)~(sum + (sum >> 16));
}

/* With the interface that it is to leave by. */
static gboolean send_packet(int fd, const Packet *packet, struct msghdr *message, int level, int type,
			    const void *info, gsize length)
{
	struct iovec part = { .iov_base = (gpointer)packet, .iov_len = sizeof(*packet) };
	char control[CMSG_SPACE(sizeof(struct in6_pktinfo))] __attribute__((aligned(8))) = { 0 };
	struct cmsghdr *head;

	message->msg_iov = &part;
	message->msg_iovlen = 1;
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(length);
	head = CMSG_FIRSTHDR(message);
	head->cmsg_level = level;
	head->cmsg_type = type;
	head->cmsg_len = CMSG_LEN(length);
	memcpy(CMSG_DATA(head), info, length);
	return sendmsg(fd, message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(*packet);
}

static gboolean send_ipv4(const Echo *echo, Packet *packet, const struct sockaddr_in6 *to, int index)
{
	const struct in_pktinfo info = { .ipi_ifindex = index };
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct msghdr message = { .msg_name = &address, .msg_namelen = sizeof(address) };

	memcpy(&address.sin_addr, &to->sin6_addr.s6_addr[12], sizeof(address.sin_addr));
	packet->type = ICMP_ECHO;
	packet->checksum = find_checksum(packet, sizeof(*packet));
	return send_packet(echo->sockets[IPV4], packet, &message, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

/* The kernel fills in the checksum. */
static gboolean send_ipv6(const Echo *echo, Packet *packet, const struct sockaddr_in6 *to, int index)
{
	const struct in6_pktinfo info = { .ipi6_ifindex = (unsigned int)index };
	struct sockaddr_in6 address = *to;
	struct msghdr message = { .msg_name = &address, .msg_namelen = sizeof(address) };

	address.sin6_port = 0;
	address.sin6_scope_id = IN6_IS_ADDR_LINKLOCAL(&to->sin6_addr) ? (guint32)index : 0;
	packet->type = ICMP6_ECHO_REQUEST;
	return send_packet(echo->sockets[IPV6], packet, &message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

static void begin_waiting(EchoPeer *peer)
{
	if (peer->number != 0)
		peer->rtt.lost++;
	stop_waiting(peer);
	while (peer->number == 0) {
		if (getrandom(&peer->number, sizeof(peer->number), GRND_NONBLOCK) != sizeof(peer->number))
			peer->number = (guint64)g_random_int() << 32 | g_random_int();
	}
	g_hash_table_insert(peer->echo->out, &peer->number, peer);
}

void echo_peer_send(EchoPeer *peer, const struct sockaddr_in6 *address, int index)
{
	const Echo *echo = peer->echo;
	Packet packet = { .identifier = echo->identifier };
	gboolean sent;

	begin_waiting(peer);
	packet.number = peer->number;
	peer->rtt.sent++;
	peer->sent_at = read_clock(CLOCK_REALTIME);
	peer->sent_at_boot = read_clock(CLOCK_BOOTTIME);
	if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr))
		sent = send_ipv4(echo, &packet, address, index);
	else
		sent = send_ipv6(echo, &packet, address, index);
	if (!sent)
		g_debug("an echo could not be sent, ignoring: %s", g_strerror(errno));
}

/* --- answers --- */

/* The kernel's stamp leaves out how long we took to wake up. Where somebody has set
 * the clock meanwhile it says nothing. */
static double find_seconds(const EchoPeer *peer, double stamp)
{
	double at_most = read_clock(CLOCK_BOOTTIME) - peer->sent_at_boot;
	double seconds = stamp - peer->sent_at;

	return seconds >= 0 && seconds <= at_most ? seconds : at_most;
}

static double find_stamp(struct msghdr *message)
{
	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL; head = CMSG_NXTHDR(message, head)) {
		struct timespec stamp;

		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&stamp, CMSG_DATA(head), sizeof(stamp));
		return (double)stamp.tv_sec + (double)stamp.tv_nsec / NANOSECONDS;
	}
	return -1;
}

/* Raw sockets of IPv4 give the IP header as well. */
static gboolean find_packet(int family, const guint8 *data, gsize length, Packet *packet)
{
	gsize begin = family == IPV4 && length > 0 ? (gsize)(data[0] & 0xf) * 4 : 0;

	if (length < begin + sizeof(*packet))
		return FALSE;
	memcpy(packet, data + begin, sizeof(*packet));
	return packet->type == (family == IPV4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY);
}

/* FALSE: nothing more is there. */
static gboolean receive(Echo *echo, int family)
{
	guint8 data[256];
	char control[256] __attribute__((aligned(8)));
	struct iovec part = { .iov_base = data, .iov_len = sizeof(data) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	ssize_t length = recvmsg(echo->sockets[family], &message, MSG_DONTWAIT);
	EchoPeer *peer;
	Packet packet;

	if (length < 0)
		return FALSE;
	if (!find_packet(family, data, (gsize)length, &packet) || packet.identifier != echo->identifier)
		return TRUE;
	peer = g_hash_table_lookup(echo->out, &packet.number);
	if (peer == NULL)
		return TRUE;
	rtt_answer(&peer->rtt, find_seconds(peer, find_stamp(&message)));
	stop_waiting(peer);
	return TRUE;
}

static gboolean on_answer_ipv4(int fd, GIOCondition condition, gpointer data)
{
	for (int i = 0; i < MOST_AT_ONCE && receive(data, IPV4); i++)
		;
	return G_SOURCE_CONTINUE;
}

static gboolean on_answer_ipv6(int fd, GIOCondition condition, gpointer data)
{
	for (int i = 0; i < MOST_AT_ONCE && receive(data, IPV6); i++)
		;
	return G_SOURCE_CONTINUE;
}

/* --- sockets --- */

static int open_socket(int family)
{
	const int on = 1;
	int fd;

	if (family == IPV4) {
		const guint32 but_answers = ~(1U << ICMP_ECHOREPLY);

		fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);
		if (fd >= 0) /* ICMP_FILTER of linux/icmp.h, which is at odds with the C library's */
			setsockopt(fd, SOL_RAW, 1, &but_answers, sizeof(but_answers));
	} else {
		struct icmp6_filter filter;

		ICMP6_FILTER_SETBLOCKALL(&filter);
		ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
		fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
		if (fd >= 0)
			setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
	}
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	return fd;
}

Echo *echo_open(GError **error)
{
	int sockets[FAMILIES] = { open_socket(IPV4), open_socket(IPV6) };
	Echo *echo;

	if (sockets[IPV4] < 0 && sockets[IPV6] < 0) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_METRICS, "raw sockets cannot be opened: %s",
			    g_strerror(errno));
		return NULL;
	}
	echo = g_new0(Echo, 1);
	echo->identifier = (guint16)g_random_int();
	echo->out = g_hash_table_new(g_int64_hash, g_int64_equal);
	memcpy(echo->sockets, sockets, sizeof(sockets));
	if (sockets[IPV4] >= 0)
		echo->watches[IPV4] = g_unix_fd_add(sockets[IPV4], G_IO_IN, on_answer_ipv4, echo);
	if (sockets[IPV6] >= 0)
		echo->watches[IPV6] = g_unix_fd_add(sockets[IPV6], G_IO_IN, on_answer_ipv6, echo);
	return echo;
}

void echo_free(Echo *echo)
{
	for (guint i = 0; i < FAMILIES; i++) {
		g_clear_handle_id(&echo->watches[i], g_source_remove);
		if (echo->sockets[i] >= 0)
			close(echo->sockets[i]);
	}
	g_hash_table_unref(echo->out);
	g_free(echo);
}
