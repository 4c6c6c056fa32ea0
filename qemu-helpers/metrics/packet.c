/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How an echo is sent, and its answer told from other packets. */
#include "packet.h"

#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <time.h>

#define NANOSECONDS 1e9

/* --- sending --- */

static guint16 find_checksum(const void *data, gsize length)
{
	const guint8 *bytes = data;
	guint32 sum = 0;

	for (gsize i = 0; i + 1 < length; i += 2) {
		guint16 word;

		memcpy(&word, bytes + i, sizeof(word));
		sum += word;
	}
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

static gboolean send_ipv4(int fd, Packet *packet, const struct sockaddr_in6 *to, int index)
{
	const struct in_pktinfo info = { .ipi_ifindex = index };
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct msghdr message = { .msg_name = &address, .msg_namelen = sizeof(address) };

	memcpy(&address.sin_addr, &to->sin6_addr.s6_addr[12], sizeof(address.sin_addr));
	packet->type = ICMP_ECHO;
	packet->checksum = find_checksum(packet, sizeof(*packet));
	return send_packet(fd, packet, &message, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

/* The kernel fills in the checksum. */
static gboolean send_ipv6(int fd, Packet *packet, const struct sockaddr_in6 *to, int index)
{
	const struct in6_pktinfo info = { .ipi6_ifindex = (unsigned int)index };
	struct sockaddr_in6 address = *to;
	struct msghdr message = { .msg_name = &address, .msg_namelen = sizeof(address) };

	address.sin6_port = 0;
	address.sin6_scope_id = IN6_IS_ADDR_LINKLOCAL(&to->sin6_addr) ? (guint32)index : 0;
	packet->type = ICMP6_ECHO_REQUEST;
	return send_packet(fd, packet, &message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

gboolean packet_send(const int sockets[PACKET_FAMILIES], Packet *packet, const struct sockaddr_in6 *to, int index)
{
	if (IN6_IS_ADDR_V4MAPPED(&to->sin6_addr))
		return send_ipv4(sockets[PACKET_IPV4], packet, to, index);
	return send_ipv6(sockets[PACKET_IPV6], packet, to, index);
}

/* --- answers --- */

double packet_find_stamp(struct msghdr *message)
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
gboolean packet_find(PacketFamily family, const guint8 *data, gsize length, Packet *packet)
{
	gsize begin = family == PACKET_IPV4 && length > 0 ? (gsize)(data[0] & 0xf) * 4 : 0;

	if (length < begin + sizeof(*packet))
		return FALSE;
	memcpy(packet, data + begin, sizeof(*packet));
	return packet->type == (family == PACKET_IPV4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY);
}

/* --- sockets --- */

int packet_open_socket(PacketFamily family)
{
	const int on = 1;
	int fd;

	if (family == PACKET_IPV4) {
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
