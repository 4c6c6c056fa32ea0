/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters of network interfaces by rtnetlink. */
#include "links.h"

#include <net/if.h>
#include <string.h>

#include "neighbours.h"

#define TRIES 3

struct _Links {
	Rtnetlink *rtnetlink;
	GHashTable *counters; /* index -> struct rtnl_link_stats64 */
	guint generation;
	GArray *neighbours;   /* Neighbour; NULL: not asked for since links_read() */
};

Links *links_new(GError **error)
{
	Rtnetlink *rtnetlink = rtnetlink_new(error);
	Links *links;

	if (rtnetlink == NULL)
		return NULL;
	links = g_new0(Links, 1);
	links->rtnetlink = rtnetlink;
	links->generation = 1;
	links->counters = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	return links;
}

void links_free(Links *links)
{
	rtnetlink_free(links->rtnetlink);
	g_hash_table_unref(links->counters);
	g_clear_pointer(&links->neighbours, g_array_unref);
	g_free(links);
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
	struct nlmsghdr *request = rtnetlink_begin(links->rtnetlink, RTM_GETSTATS, NLM_F_DUMP);
	struct if_stats_msg *head = mnl_nlmsg_put_extra_header(request, sizeof(*head));
	g_autoptr(GHashTable) counters = g_hash_table_new_full(NULL, NULL, NULL, g_free);

	head->filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
	return rtnetlink_ask(links->rtnetlink, take_counters, counters) ? g_steal_pointer(&counters) : NULL;
}

static gboolean has_others(GHashTable *counters, GHashTable *known)
{
	GHashTableIter iter;
	gpointer index;

	g_hash_table_iter_init(&iter, counters);
	while (g_hash_table_iter_next(&iter, &index, NULL)) {
		if (!g_hash_table_contains(known, index))
			return TRUE;
	}
	return FALSE;
}

/* An interface that comes or goes meanwhile tears the dump. */
gboolean links_read(Links *links)
{
	g_clear_pointer(&links->neighbours, g_array_unref);
	for (guint i = 0; i < TRIES; i++) {
		GHashTable *counters = dump(links);

		if (counters == NULL)
			continue;
		if (has_others(counters, links->counters) && ++links->generation == 0)
			links->generation = 1;
		g_hash_table_unref(links->counters);
		links->counters = counters;
		return TRUE;
	}
	/* Those of the last time are not those of now. */
	g_hash_table_remove_all(links->counters);
	return FALSE;
}

gboolean links_are_known(const Links *links)
{
	return g_hash_table_size(links->counters) > 0;
}

guint links_generation(const Links *links)
{
	return links->generation;
}

gboolean links_find(const Links *links, int index, struct rtnl_link_stats64 *stats)
{
	const struct rtnl_link_stats64 *found = g_hash_table_lookup(links->counters, GINT_TO_POINTER(index));

	if (found != NULL)
		*stats = *found;
	return found != NULL;
}

/* --- what an interface is --- */

static void take_kind(Link *link, const struct nlattr *info)
{
	const struct nlattr *nested;

	mnl_attr_for_each_nested(nested, info) {
		if (mnl_attr_get_type(nested) == IFLA_INFO_KIND &&
		    mnl_attr_validate(nested, MNL_TYPE_NUL_STRING) >= 0)
			link->guest_side = g_str_equal(mnl_attr_get_str(nested), "macvtap");
	}
}

static int take_link(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute;
	Link *link = data;

	if (message->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(message) < sizeof(*head))
		return MNL_CB_STOP;
	link->index = head->ifi_index;
	link->over = head->ifi_index;
	mnl_attr_for_each(attribute, message, sizeof(*head)) {
		if (mnl_attr_get_type(attribute) == IFLA_LINKINFO)
			take_kind(link, attribute);
		else if (mnl_attr_get_type(attribute) == IFLA_MASTER &&
			 mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
			link->over = (int)mnl_attr_get_u32(attribute);
	}
	return MNL_CB_STOP;
}

Link links_look_up(Links *links, const char *name)
{
	struct nlmsghdr *request = rtnetlink_begin(links->rtnetlink, RTM_GETLINK, 0);
	Link link = { 0 };

	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	if (strlen(name) < IFNAMSIZ) {
		mnl_attr_put_strz(request, IFLA_IFNAME, name);
		rtnetlink_ask(links->rtnetlink, take_link, &link);
	}
	return link;
}

Function links_find_function(Links *links, const char *mac)
{
	return functions_find(links->rtnetlink, mac);
}

gboolean links_read_function(Links *links, const Function *function, struct rtnl_link_stats64 *stats)
{
	return functions_read(links->rtnetlink, function, stats);
}

/* --- who is behind it --- */

gboolean links_find_neighbour(Links *links, int index, const char *mac, struct sockaddr_in6 *address)
{
	if (links->neighbours == NULL)
		links->neighbours = neighbours_read(links->rtnetlink);
	return neighbours_find(links->neighbours, index, mac, address);
}
