/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports of bridges: whether a frame may leave by the port that it came in by. By
 * netlink, for hostler-watch has CAP_NET_ADMIN and may not write to sysfs. And
 * bridges: what of IPv4 is to be had by them. */
#include "host/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "hostler/error.h"
#include "host/machine.h"
#include "host/netlink.h"

#define MESSAGE_BYTES 256

static struct nlmsghdr *build(char buffer[MESSAGE_BYTES], unsigned int index)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;
	struct nlattr *nest;

	message->nlmsg_type = RTM_SETLINK;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
	info->ifi_family = AF_BRIDGE;
	info->ifi_index = (int)index;
	nest = mnl_attr_nest_start(message, IFLA_PROTINFO);
	mnl_attr_put_u8(message, IFLA_BRPORT_MODE, BRIDGE_MODE_HAIRPIN);
	mnl_attr_nest_end(message, nest);
	return message;
}

/* The kernel has answered before sendto() returns. */
static gboolean ask(NetlinkSocket *socket, const struct nlmsghdr *message)
{
	char answer[1024] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t n = mnl_socket_sendto(socket, message, message->nlmsg_len);

	if (n >= 0)
		n = mnl_socket_recvfrom(socket, answer, sizeof(answer));
	return n >= 0 && mnl_cb_run(answer, (size_t)n, 0, mnl_socket_get_portid(socket), NULL, NULL) >= 0;
}

gboolean host_port_hairpin(HostlerHost *host, const char *port, GError **error)
{
	char buffer[MESSAGE_BYTES] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	unsigned int index = if_nametoindex(port);
	g_autoptr(NetlinkSocket) socket = NULL;

	if (index == 0) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT, "there is no interface %s", port);
		return FALSE;
	}
	socket = netlink_open(NETLINK_ROUTE, error);
	if (socket == NULL)
		return FALSE;
	if (ask(socket, build(buffer, index)))
		return TRUE;
	machine_error(error, errno, "cannot set the hairpin flag of the bridge port %s", port);
	return FALSE;
}

/* --- what only who is root sets --- */

static gboolean set_conf(HostlerHost *host, const char *bridge, const char *setting, const char *value,
			 GError **error)
{
	g_autofree char *path = machine_path(host, "/proc/sys/net/ipv4/conf", bridge, setting, NULL);
	int file = strchr(bridge, '/') == NULL ? open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	gboolean done = file >= 0 && write(file, value, 1) == 1;

	if (!done)
		machine_error(error, errno, "cannot write %s to %s", value, path);
	if (file >= 0)
		close(file);
	return done;
}

gboolean host_route_localnet(HostlerHost *host, const char *bridge, gboolean on, GError **error)
{
	return set_conf(host, bridge, "route_localnet", on ? "1" : "0", error);
}

/* 2 is "of the same network" since Linux 5.19, and the same as 1 before. */
gboolean host_arp_accept(HostlerHost *host, const char *bridge, gboolean on, GError **error)
{
	return set_conf(host, bridge, "arp_accept", on ? "2" : "0", error);
}
