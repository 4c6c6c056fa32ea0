/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long the first packet of a UDP flow and its answer take: each flow from a port of its own.
 *
 *   bench-forward-flow serve PORT
 *   bench-forward-flow ask ADDRESS PORT FLOWS     the median in nanoseconds */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int serve(int port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) }, peer;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char byte;

	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return 1;
	for (;;) {
		socklen_t length = sizeof(peer);

		if (recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&peer, &length) == 1)
			sendto(fd, &byte, 1, 0, (struct sockaddr *)&peer, length);
	}
}

/* -1: no answer within a second. */
static long long ask_once(const struct sockaddr_in *server)
{
	struct timeval second = { .tv_sec = 1 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	long long begun, answered = -1;
	char byte = '?';

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	if (connect(fd, (const struct sockaddr *)server, sizeof(*server)) < 0)
		return -1;
	begun = nanoseconds();
	if (send(fd, &byte, 1, 0) == 1 && recv(fd, &byte, 1, 0) == 1)
		answered = nanoseconds() - begun;
	close(fd);
	return answered;
}

static int compare(const void *a, const void *b)
{
	const long long *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int ask(const char *address, int port, int flows)
{
	struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
	long long *times = calloc((size_t)flows, sizeof(*times));

	if (times == NULL || inet_pton(AF_INET, address, &server.sin_addr) != 1)
		return 1;
	for (int i = 0; i < flows; i++) {
		times[i] = ask_once(&server);
		if (times[i] < 0) {
			fprintf(stderr, "bench-forward-flow: no answer from %s port %d\n", address, port);
			return 1;
		}
	}
	qsort(times, (size_t)flows, sizeof(*times), compare);
	printf("%lld\n", times[flows / 2]);
	free(times);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		return serve(atoi(argv[2]));
	if (argc == 5 && strcmp(argv[1], "ask") == 0 && atoi(argv[4]) > 0)
		return ask(argv[2], atoi(argv[3]), atoi(argv[4]));
	fprintf(stderr, "usage: bench-forward-flow serve PORT | ask ADDRESS PORT FLOWS\n");
	return 2;
}
