/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the host's own programs listen, by the kernel's sock_diag, and who they are. */
#include "host/sockets.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "hostler/text.h"
#include "host/file.h"
#include "host/machine.h"
#include "host/netlink.h"
#include "host/users/process.h"

/* A datagram socket without a peer is one that anybody may send to. */
static guint32 states_of(int protocol)
{
	return protocol == IPPROTO_UDP ? 1U << TCP_CLOSE : 1U << TCP_LISTEN;
}

/* --- what listens --- */

static int each_attribute(const struct nlattr *attribute, void *data)
{
	gboolean *only_v6 = data;

	if (mnl_attr_get_type(attribute) == INET_DIAG_SKV6ONLY && mnl_attr_get_payload_len(attribute) >= 1)
		*only_v6 = mnl_attr_get_u8(attribute) != 0;
	return MNL_CB_OK;
}

static int each_socket(const struct nlmsghdr *message, void *data)
{
	const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(message);
	HostlerListener listener = { 0 };
	gboolean only_v6 = FALSE;

	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || mnl_nlmsg_get_payload_len(message) < sizeof(*socket) ||
	    socket->id.idiag_sport == 0)
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(*socket), each_attribute, &only_v6);
	listener.family = socket->idiag_family;
	listener.port = ntohs(socket->id.idiag_sport);
	listener.inode = socket->idiag_inode;
	memcpy(listener.address, socket->id.idiag_src, sizeof(listener.address));
	listener.both = listener.family == AF_INET6 && !only_v6 && IN6_IS_ADDR_UNSPECIFIED(listener.address);
	g_array_append_val((GArray *)data, listener);
	return MNL_CB_OK;
}

static gboolean dump(HostlerHost *host, int family, int protocol, GArray *listeners, GError **error)
{
	char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *wanted;

	request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	wanted = mnl_nlmsg_put_extra_header(request, sizeof(*wanted));
	wanted->sdiag_family = (guint8)family;
	wanted->sdiag_protocol = (guint8)protocol;
	wanted->idiag_states = states_of(protocol);
	return netlink_dump(host, NETLINK_SOCK_DIAG, request, each_socket, listeners, error);
}

GArray *host_listeners(HostlerHost *host, int protocol, GError **error)
{
	g_autoptr(GArray) listeners = g_array_new(FALSE, TRUE, sizeof(HostlerListener));

	if (!dump(host, AF_INET, protocol, listeners, error) || !dump(host, AF_INET6, protocol, listeners, error))
		return NULL;
	return g_steal_pointer(&listeners);
}

/* --- who has it open --- */

static gboolean has_open(HostlerHost *host, int pid, const char *socket)
{
	g_autofree char *folder = process_path(host, pid, "fd");
	g_autoptr(GPtrArray) names = folder_names(folder);
	gboolean found = FALSE;

	for (guint i = 0; names != NULL && i < names->len && !found; i++) {
		g_autofree char *path = g_build_filename(folder, g_ptr_array_index(names, i), NULL);
		g_autofree char *link = link_read(path);

		found = g_strcmp0(link, socket) == 0;
	}
	return found;
}

static char *describe(HostlerHost *host, int pid)
{
	g_autofree char *name = process_name(host, pid);

	return name != NULL ? g_strdup_printf("%s (pid %d)", name, pid) : NULL;
}

/* A name in a line of advice: however many are asked for, a hook keeps time for what it is there for. */
static gint64 time_for_one(HostlerHost *host)
{
	return host->ops->monotonic(host) + hostler_host_time_left(host) / 32;
}

/* systemd keeps a copy of the sockets that it hands out. */
char *host_listener_owner(HostlerHost *host, guint32 inode)
{
	g_autofree char *socket = g_strdup_printf("socket:[%u]", inode);
	g_autoptr(GArray) pids = processes_list(host, NULL);
	gint64 end = time_for_one(host);
	int owner = 0;

	for (guint i = 0; pids != NULL && i < pids->len && owner <= 1; i++) {
		int pid = g_array_index(pids, int, i);

		if (host->ops->monotonic(host) < end && has_open(host, pid, socket))
			owner = pid;
	}
	return owner != 0 ? describe(host, owner) : NULL;
}
