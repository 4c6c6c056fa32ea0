/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Known bytes through a TAP and a macvtap, both ways: what nics.c makes of them is
 * the guest's view. We are the guest, and by a packet socket the other side.
 *
 * usage: direction INTERFACE DEVICE WIRE: an interface of the host, the character
 * device behind which the guest would be, and the interface that frames come from */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qemu-helpers/metrics/nics.h"

#define SENT 10
#define SENT_BYTES 200
#define RECEIVED 7
#define RECEIVED_BYTES 140
#define ETHERTYPE 0x88b5 /* for experiments: nobody answers */

static void fill_address(const char *name, guint8 *address)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	g_strlcpy(request.ifr_name, name, sizeof(request.ifr_name));
	g_assert_cmpint(ioctl(fd, SIOCGIFHWADDR, &request), ==, 0);
	memcpy(address, request.ifr_hwaddr.sa_data, ETH_ALEN);
	close(fd);
}

static void make_frame(const char *name, gboolean to_guest, guint8 *frame)
{
	static const guint8 stranger[ETH_ALEN] = { 2, 0, 0, 0, 0, 1 };
	guint8 guest[ETH_ALEN];

	fill_address(name, guest);
	memset(frame, 0, SENT_BYTES);
	memcpy(frame, to_guest ? guest : stranger, ETH_ALEN);
	memcpy(frame + ETH_ALEN, to_guest ? stranger : guest, ETH_ALEN);
	frame[2 * ETH_ALEN] = ETHERTYPE >> 8;
	frame[2 * ETH_ALEN + 1] = ETHERTYPE & 0xff;
}

/* The kernel drops what is sent before it has seen that somebody is there. */
static void wait_for_carrier(const char *name)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	g_strlcpy(request.ifr_name, name, sizeof(request.ifr_name));
	for (int i = 0; i < 6000 && (request.ifr_flags & IFF_RUNNING) == 0; i++) {
		g_usleep(10000);
		g_assert_cmpint(ioctl(fd, SIOCGIFFLAGS, &request), ==, 0);
	}
	/* It says so a moment before it acts on it; what changes a card waits for that. */
	g_assert_cmpint(ioctl(fd, SIOCSIFFLAGS, &request), ==, 0);
	close(fd);
}

static int open_guest(const char *name, const char *device)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open(device, O_RDWR | O_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	g_strlcpy(request.ifr_name, name, sizeof(request.ifr_name));
	g_assert_cmpint(ioctl(fd, TUNSETIFF, &request), ==, 0);
	return fd;
}

static void send_from_guest(int fd, const char *name)
{
	guint8 frame[SENT_BYTES];

	make_frame(name, FALSE, frame);
	for (int i = 0; i < SENT; i++)
		g_assert_cmpint(write(fd, frame, SENT_BYTES), ==, SENT_BYTES);
}

static void send_from_wire(const char *name, const char *wire)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_halen = ETH_ALEN };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	guint8 frame[SENT_BYTES];

	make_frame(name, TRUE, frame);
	address.sll_ifindex = (int)if_nametoindex(wire);
	for (int i = 0; i < RECEIVED; i++)
		g_assert_cmpint(sendto(fd, frame, RECEIVED_BYTES, 0, (struct sockaddr *)&address, sizeof(address)), ==,
				RECEIVED_BYTES);
	close(fd);
}

/* A TAP counts what the guest fetches. */
static void receive_in_guest(int fd)
{
	guint8 frame[2048];

	for (int i = 0; i < RECEIVED; i++) {
		struct pollfd readable = { .fd = fd, .events = POLLIN };

		g_assert_cmpint(poll(&readable, 1, 60 * 1000), ==, 1);
		g_assert_cmpint(read(fd, frame, sizeof(frame)), ==, RECEIVED_BYTES);
	}
}

static void assert_counted(const char *name)
{
	g_autoptr(HostlerRecord) stay = g_new0(HostlerRecord, 1);
	g_autoptr(Links) links = links_new(NULL);
	g_autoptr(Sample) sample = sample_new("x", 1);
	g_autoptr(Nics) nics = NULL;
	const Meter *meter;

	stay->body = g_key_file_new();
	g_key_file_set_string(stay->body, "metrics-nic-0", "target", name);
	nics = nics_new(stay, NULL);
	g_assert_true(links_read(links));
	nics_read(nics, links, sample);
	g_assert_cmpuint(sample->meters->len, ==, 1);
	meter = g_ptr_array_index(sample->meters, 0);
	printf("# %s: rx %" G_GUINT64_FORMAT " bytes in %" G_GUINT64_FORMAT ", tx %" G_GUINT64_FORMAT
	       " bytes in %" G_GUINT64_FORMAT "\n",
	       name, meter->counts[0], meter->counts[1], meter->counts[4], meter->counts[5]);
	g_assert_cmpuint(meter->counts[0], ==, RECEIVED * RECEIVED_BYTES);
	g_assert_cmpuint(meter->counts[1], ==, RECEIVED);
	g_assert_cmpuint(meter->counts[4], ==, SENT * SENT_BYTES);
	g_assert_cmpuint(meter->counts[5], ==, SENT);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc != 4) {
		fprintf(stderr, "usage: direction INTERFACE DEVICE WIRE\n");
		return 2;
	}
	fd = open_guest(argv[1], argv[2]);
	wait_for_carrier(argv[1]);
	send_from_guest(fd, argv[1]);
	send_from_wire(argv[1], argv[3]);
	receive_in_guest(fd);
	assert_counted(argv[1]);
	close(fd);
	return 0;
}
