/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sending and meeting echoes. Whoever answers must know a number that only he was
 * told, so a guest cannot speak for another one. */
#include "echo.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "hostler/error.h"
#include "packet.h"

/* In one go; the socket also gets the answers to other people's pings. */
#define MOST_AT_ONCE 64
#define NANOSECONDS 1e9

struct _Echo {
	int sockets[PACKET_FAMILIES]; /* -1: the host does not know the family */
	guint watches[PACKET_FAMILIES];
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

static void give_up(EchoPeer *peer)
{
	if (peer->number != 0)
		peer->rtt.lost++;
	stop_waiting(peer);
}

Rtt echo_peer_take(EchoPeer *peer)
{
	Rtt rtt;

	give_up(peer);
	rtt = peer->rtt;
	peer->rtt = (Rtt){ 0 };
	return rtt;
}

/* --- sending --- */

static void begin_waiting(EchoPeer *peer)
{
	give_up(peer);
	while (peer->number == 0) {
		if (getrandom(&peer->number, sizeof(peer->number), GRND_NONBLOCK) != sizeof(peer->number))
			peer->number = (guint64)g_random_int() << 32 | g_random_int();
	}
	g_hash_table_insert(peer->echo->out, &peer->number, peer);
}

void echo_peer_send(EchoPeer *peer, const struct sockaddr_in6 *address, int index)
{
	const Echo *echo = peer->echo;
	gboolean is_ipv4 = IN6_IS_ADDR_V4MAPPED(&address->sin6_addr);
	Packet packet = { .identifier = echo->identifier };

	if (echo->sockets[is_ipv4 ? PACKET_IPV4 : PACKET_IPV6] < 0)
		return;
	begin_waiting(peer);
	packet.number = peer->number;
	peer->rtt.sent++;
	peer->sent_at = read_clock(CLOCK_REALTIME);
	peer->sent_at_boot = read_clock(CLOCK_BOOTTIME);
	if (!packet_send(echo->sockets, &packet, address, index))
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

/* FALSE: nothing more is there. */
static gboolean receive(Echo *echo, PacketFamily family)
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
	if (!packet_find(family, data, (gsize)length, &packet) || packet.identifier != echo->identifier)
		return TRUE;
	peer = g_hash_table_lookup(echo->out, &packet.number);
	if (peer == NULL)
		return TRUE;
	rtt_answer(&peer->rtt, find_seconds(peer, packet_find_stamp(&message)));
	stop_waiting(peer);
	return TRUE;
}

static gboolean on_answer_ipv4(int fd, GIOCondition condition, gpointer data)
{
	for (int i = 0; i < MOST_AT_ONCE && receive(data, PACKET_IPV4); i++)
		;
	return G_SOURCE_CONTINUE;
}

static gboolean on_answer_ipv6(int fd, GIOCondition condition, gpointer data)
{
	for (int i = 0; i < MOST_AT_ONCE && receive(data, PACKET_IPV6); i++)
		;
	return G_SOURCE_CONTINUE;
}

/* --- life --- */

Echo *echo_open(GError **error)
{
	int sockets[PACKET_FAMILIES] = { packet_open_socket(PACKET_IPV4), packet_open_socket(PACKET_IPV6) };
	Echo *echo;

	if (sockets[PACKET_IPV4] < 0 && sockets[PACKET_IPV6] < 0) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_METRICS, "raw sockets cannot be opened: %s",
			    g_strerror(errno));
		return NULL;
	}
	echo = g_new0(Echo, 1);
	echo->identifier = (guint16)g_random_int();
	echo->out = g_hash_table_new(g_int64_hash, g_int64_equal);
	memcpy(echo->sockets, sockets, sizeof(sockets));
	if (sockets[PACKET_IPV4] >= 0)
		echo->watches[PACKET_IPV4] = g_unix_fd_add(sockets[PACKET_IPV4], G_IO_IN, on_answer_ipv4, echo);
	if (sockets[PACKET_IPV6] >= 0)
		echo->watches[PACKET_IPV6] = g_unix_fd_add(sockets[PACKET_IPV6], G_IO_IN, on_answer_ipv6, echo);
	return echo;
}

void echo_free(Echo *echo)
{
	for (guint i = 0; i < PACKET_FAMILIES; i++) {
		g_clear_handle_id(&echo->watches[i], g_source_remove);
		if (echo->sockets[i] >= 0)
			close(echo->sockets[i]);
	}
	g_hash_table_unref(echo->out);
	g_free(echo);
}
