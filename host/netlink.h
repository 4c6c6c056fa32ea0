/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>

#include "hostler/host.h"

/* The netfilter doors of HostlerHostOps, over NETLINK_NETFILTER. */

gboolean host_nft_dump(HostlerHost *host, const struct nlmsghdr *request,
		       int (*each)(const struct nlmsghdr *message, void *data), gpointer data, GError **error);
gboolean host_nft_commit(HostlerHost *host, const void *batch, gsize length, GError **error);
int host_nft_listen(HostlerHost *host, GError **error);

typedef struct mnl_socket NetlinkSocket;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NetlinkSocket, mnl_socket_close)

/* A bound socket of NETLINK_... that does not block. */
NetlinkSocket *netlink_open(int protocol, GError **error);
/* As nft_dump in host.h, of any protocol. */
gboolean netlink_dump(HostlerHost *host, int protocol, const struct nlmsghdr *request,
		      int (*each)(const struct nlmsghdr *message, void *data), gpointer data, GError **error);
/* A socket that does not block and is told of what happens in this group; -1 with an error. */
int netlink_listen(int protocol, int group, GError **error);

#define NETLINK_BUFFER_BYTES (64 * 1024) /* a dump comes in pieces of 32 KiB at most */
