/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who answers on a port, and to whom: both ends of the connections of the reachability table. Static and alone,
 * so that it also runs where there is nothing but a kernel.
 *
 *   answer serve NAME PROTO/PORT...      "NAME PROTO PORT to PEER" to whoever comes; relay/PORT asks for others
 *   answer ask SECONDS SINCE [-v RELAY] PROTO ADDRESS PORT EXPECTED
 *                                        again and again until what comes begins with EXPECTED; prints it and
 *                                        the milliseconds since SINCE (microseconds since the epoch)
 *   answer hold ADDRESS PORT             one TCP connection; for each line on stdin one answer over it */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MAX_DOORS 32
#define TEXT 256
#define TRY_MILLISECONDS 400
#define RELAY_PORT 9

static long long microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static int kind_of(const char *proto)
{
	return strcmp(proto, "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM;
}

/* --- asking --- */

/* IPv4 as IPv4 on the wire, whatever the other end listens on. */
static socklen_t read_address(const char *text, int port, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((unsigned short)port);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((unsigned short)port);
	return inet_pton(AF_INET6, text, &v6->sin6_addr) == 1 ? sizeof(*v6) : 0;
}

/* A socket whose calls end by themselves. */
static int open_socket(const char *proto, const char *address, int port, int milliseconds)
{
	struct timeval limit = { .tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000 };
	struct sockaddr_storage peer;
	socklen_t length = read_address(address, port, &peer);
	int fd = length > 0 ? socket(peer.ss_family, kind_of(proto) | SOCK_CLOEXEC, 0) : -1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&peer, length) == 0)
		return fd;
	close(fd);
	return -1;
}

static int ask_over(int fd, const char *question, char text[TEXT])
{
	ssize_t length;

	if (send(fd, question, strlen(question), MSG_NOSIGNAL) < 0)
		return 0;
	length = recv(fd, text, TEXT - 1, 0);
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

static int ask_once(const char *proto, const char *address, int port, char text[TEXT])
{
	int fd = open_socket(proto, address, port, TRY_MILLISECONDS);
	int answered = fd >= 0 && ask_over(fd, "?", text);

	if (fd >= 0)
		close(fd);
	return answered;
}

static int ask_via(const char *relay, const char *proto, const char *address, int port, char text[TEXT])
{
	int fd = open_socket("tcp", relay, RELAY_PORT, 3 * TRY_MILLISECONDS);
	char question[TEXT];
	int answered;

	snprintf(question, sizeof(question), "%s %s %d", proto, address, port);
	answered = fd >= 0 && ask_over(fd, question, text);
	if (fd >= 0)
		close(fd);
	return answered;
}

static int ask(double seconds, long long since, const char *relay, char **argv)
{
	long long end = microseconds() + (long long)(seconds * 1e6);
	char text[TEXT] = "nothing";
	int port = atoi(argv[2]);

	do {
		int answered = relay != NULL ? ask_via(relay, argv[0], argv[1], port, text) :
					       ask_once(argv[0], argv[1], port, text);

		if (answered && strncmp(text, argv[3], strlen(argv[3])) == 0) {
			printf("%lld %s\n", (microseconds() - since) / 1000, text);
			return 0;
		}
		usleep(20 * 1000);
	} while (microseconds() < end);
	printf("- %s\n", text);
	return 1;
}

static int hold(char **argv)
{
	int fd = open_socket("tcp", argv[0], atoi(argv[1]), 60 * 1000);
	char line[TEXT], text[TEXT];

	while (fd >= 0 && fgets(line, sizeof(line), stdin) != NULL) {
		puts(ask_over(fd, "?", text) ? text : "nothing");
		fflush(stdout);
	}
	return fd < 0;
}

/* --- answering --- */

typedef struct {
	const char *name;
	char proto[8];
	int port;
	int fd;
} Door;

static void describe(const Door *door, const struct sockaddr_in6 *peer, char text[TEXT])
{
	char address[INET6_ADDRSTRLEN];
	const char *shown = inet_ntop(AF_INET6, &peer->sin6_addr, address, sizeof(address));

	if (IN6_IS_ADDR_V4MAPPED(&peer->sin6_addr))
		shown = strrchr(address, ':') + 1;
	snprintf(text, TEXT, "%s %s %d to %s", door->name, door->proto, door->port, shown);
}

static void reply_datagram(const Door *door)
{
	struct sockaddr_in6 peer;
	socklen_t length = sizeof(peer);
	char text[TEXT];

	if (recvfrom(door->fd, text, sizeof(text), 0, (struct sockaddr *)&peer, &length) < 0)
		return;
	describe(door, &peer, text);
	sendto(door->fd, text, strlen(text), 0, (struct sockaddr *)&peer, length);
}

static void relay(int fd, char question[TEXT])
{
	char proto[8], address[64], text[TEXT];
	int port;

	if (sscanf(question, "%7s %63s %d", proto, address, &port) != 3 || !ask_once(proto, address, port, text))
		snprintf(text, sizeof(text), "nothing");
	send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* In a child of its own, until the peer has enough. */
static void serve_connection(const Door *door, int fd, const struct sockaddr_in6 *peer)
{
	char question[TEXT], text[TEXT];
	ssize_t length;

	while ((length = recv(fd, question, sizeof(question) - 1, 0)) > 0) {
		question[length] = '\0';
		describe(door, peer, text);
		if (strcmp(door->proto, "relay") == 0)
			relay(fd, question);
		else
			send(fd, text, strlen(text), MSG_NOSIGNAL);
	}
	_exit(0);
}

static void reply(const Door *door)
{
	struct sockaddr_in6 peer;
	socklen_t length = sizeof(peer);
	int fd;

	if (kind_of(door->proto) == SOCK_DGRAM) {
		reply_datagram(door);
		return;
	}
	fd = accept(door->fd, (struct sockaddr *)&peer, &length);
	if (fd < 0)
		return;
	if (fork() == 0)
		serve_connection(door, fd, &peer);
	close(fd);
}

static int open_door(Door *door, const char *name, const char *text)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	int yes = 1, no = 0;

	door->name = name;
	if (sscanf(text, "%7[a-z]/%d", door->proto, &door->port) != 2)
		return 0;
	any.sin6_port = htons((unsigned short)door->port);
	door->fd = socket(AF_INET6, kind_of(door->proto), 0);
	setsockopt(door->fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	setsockopt(door->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	return bind(door->fd, (struct sockaddr *)&any, sizeof(any)) == 0 &&
	       (kind_of(door->proto) == SOCK_DGRAM || listen(door->fd, 64) == 0);
}

static int serve(const char *name, int n, char **texts)
{
	struct pollfd polled[MAX_DOORS];
	Door doors[MAX_DOORS];

	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < n; i++) {
		if (i == MAX_DOORS || !open_door(&doors[i], name, texts[i])) {
			fprintf(stderr, "answer: cannot serve %s: %s\n", texts[i], strerror(errno));
			return 1;
		}
		polled[i] = (struct pollfd){ .fd = doors[i].fd, .events = POLLIN };
	}
	puts("serves");
	fflush(stdout);
	while (poll(polled, (nfds_t)n, -1) >= 0 || errno == EINTR) {
		for (int i = 0; i < n; i++) {
			if (polled[i].revents & POLLIN)
				reply(&doors[i]);
		}
	}
	return 1;
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "serve") == 0)
		return serve(argv[2], argc - 3, argv + 3);
	if (argc == 10 && strcmp(argv[1], "ask") == 0)
		return ask(atof(argv[2]), atoll(argv[3]), argv[5], argv + 6);
	if (argc == 8 && strcmp(argv[1], "ask") == 0)
		return ask(atof(argv[2]), atoll(argv[3]), NULL, argv + 4);
	if (argc == 4 && strcmp(argv[1], "hold") == 0)
		return hold(argv + 2);
	fprintf(stderr, "usage: answer serve NAME PROTO/PORT... | answer ask SECONDS SINCE [-v RELAY] PROTO ADDRESS "
			"PORT EXPECTED | answer hold ADDRESS PORT\n");
	return 2;
}
