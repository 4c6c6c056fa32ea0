/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters of network interfaces by rtnetlink. */
#include "links.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "hostler/error.h"

#define BUFFER_BYTES (64 * 1024)
/* The kernel answers at once. What is lost all the same must not be waited for. */
#define PATIENCE_SECONDS 1
#define TRIES 3

struct _Links {
	struct mnl_socket *socket;
	guint32 sequence;
	GHashTable *counters; /* index -> struct rtnl_link_stats64 */
	char buffer[BUFFER_BYTES];
};

static gboolean open_socket(Links *links)
{
	const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };

	links->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	return links->socket != NULL && mnl_socket_bind(links->socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
	       setsockopt(mnl_socket_get_fd(links->socket), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0;
}

Links *links_new(GError **error)
{
	g_autoptr(Links) links = g_new0(Links, 1);

	links->counters = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	if (open_socket(links))
		return g_steal_pointer(&links);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_METRICS, "the kernel's network interfaces cannot be asked: %s",
		    g_strerror(errno));
	return NULL;
}

void links_free(Links *links)
{
	if (links->socket != NULL)
		mnl_socket_close(links->socket);
	g_hash_table_unref(links->counters);
	g_free(links);
}

/* --- asking --- */

static struct nlmsghdr *begin_request(Links *links, guint16 type, guint16 flags)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(links->buffer);

	request->nlmsg_type = type;
	request->nlmsg_flags = (guint16)(NLM_F_REQUEST | flags);
	request->nlmsg_seq = ++links->sequence;
	return request;
}

/* Answers of an earlier request, which was given up, are passed over. */
static gboolean receive(Links *links, mnl_cb_t each, gpointer data)
{
	int more = MNL_CB_OK;

	while (more > MNL_CB_STOP) {
		ssize_t length = mnl_socket_recvfrom(links->socket, links->buffer, BUFFER_BYTES);
		const struct nlmsghdr *first = (gconstpointer)links->buffer;

		if (length < (ssize_t)sizeof(*first))
			return FALSE;
		if (first->nlmsg_seq == links->sequence)
			more = mnl_cb_run(links->buffer, (gsize)length, links->sequence,
					  mnl_socket_get_portid(links->socket), each, data);
	}
	return more == MNL_CB_STOP;
}

static gboolean ask(Links *links, const struct nlmsghdr *request, mnl_cb_t each, gpointer data)
{
	return mnl_socket_sendto(links->socket, request, request->nlmsg_len) >= 0 && receive(links, each, data);
}

/* --- counters --- */

/* The attributes are read by hand: a message may have more of them than we know. */
static int take_counters(const struct nlmsghdr *message, void *data)
{
	const struct if_stats_msg *head = mnl_nlmsg_get_payload(message);
	GHashTable *counters = data;
	const struct nlattr *attribute;

	if (message->nlmsg_type != RTM_NEWSTATS || mnl_nlmsg_get_payload_len(message) < sizeof(*head))
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, message, sizeof(*head)) {
		/* As long as the kernel's struct: an older one is shorter, a newer one longer. */
		struct rtnl_link_stats64 stats = { 0 };
		gsize length = MIN(mnl_attr_get_payload_len(attribute), sizeof(stats));

		if (mnl_attr_get_type(attribute) != IFLA_STATS_LINK_64)
			continue;
		memcpy(&stats, mnl_attr_get_payload(attribute), length);
		g_hash_table_insert(counters, GUINT_TO_POINTER(head->ifindex), g_memdup2(&stats, sizeof(stats)));
	}
	return MNL_CB_OK;
}

static GHashTable *dump(Links *links)
{
	struct nlmsghdr *request = begin_request(links, RTM_GETSTATS, NLM_F_DUMP);
	struct if_stats_msg *head = mnl_nlmsg_put_extra_header(request, sizeof(*head));
	g_autoptr(GHashTable) counters = g_hash_table_new_full(NULL, NULL, NULL, g_free);

	head->filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
	return ask(links, request, take_counters, counters) ? g_steal_pointer(&counters) : NULL;
}

/* An interface that comes or goes meanwhile tears the dump. */
gboolean links_read(Links *links)
{
	for (guint i = 0; i < TRIES; i++) {
		GHashTable *counters = dump(links);

		if (counters == NULL)
			continue;
		g_hash_table_unref(links->counters);
		links->counters = counters;
		return TRUE;
	}
	return FALSE;
}

gboolean links_find(const Links *links, int index, struct rtnl_link_stats64 *stats)
{
	const struct rtnl_link_stats64 *found = g_hash_table_lookup(links->counters, GINT_TO_POINTER(index));

	if (found != NULL)
		*stats = *found;
	return found != NULL;
}

/* --- what an interface is --- */

static int take_link(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute, *nested;
	Link *link = data;

	if (message->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(message) < sizeof(*head))
		return MNL_CB_STOP;
	link->index = head->ifi_index;
	mnl_attr_for_each(attribute, message, sizeof(*head)) {
		if (mnl_attr_get_type(attribute) != IFLA_LINKINFO)
			continue;
		mnl_attr_for_each_nested(nested, attribute) {
			if (mnl_attr_get_type(nested) == IFLA_INFO_KIND &&
			    mnl_attr_validate(nested, MNL_TYPE_STRING) >= 0)
				link->guest_side = strncmp(mnl_attr_get_str(nested), "macvtap",
							   mnl_attr_get_payload_len(nested)) == 0;
		}
	}
	return MNL_CB_STOP;
}

Link links_look_up(Links *links, const char *name)
{
	struct nlmsghdr *request = begin_request(links, RTM_GETLINK, 0);
	Link link = { 0 };

	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	if (strlen(name) < IFNAMSIZ) {
		mnl_attr_put_strz(request, IFLA_IFNAME, name);
		ask(links, request, take_link, &link);
	}
	return link;
}
