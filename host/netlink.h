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

/* A bound socket that does not block. */
NetlinkSocket *netlink_open(GError **error);

#define NETLINK_BUFFER_BYTES (64 * 1024) /* a dump comes in pieces of 32 KiB at most */
