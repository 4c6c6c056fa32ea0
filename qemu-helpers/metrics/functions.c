/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IFLA_VFINFO_LIST: what a physical function tells of those that came of it. */
#include "functions.h"

#include <string.h>

#include "neighbours.h"

/* --- one function --- */

static guint64 read_count(const struct nlattr *attribute)
{
	return mnl_attr_get_payload_len(attribute) >= sizeof(guint64) ? mnl_attr_get_u64(attribute) : 0;
}

static void take_stats(struct rtnl_link_stats64 *stats, const struct nlattr *list)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, list) {
		__u64 *const counters[] = {
			[IFLA_VF_STATS_RX_PACKETS] = &stats->rx_packets,
			[IFLA_VF_STATS_TX_PACKETS] = &stats->tx_packets,
			[IFLA_VF_STATS_RX_BYTES] = &stats->rx_bytes,
			[IFLA_VF_STATS_TX_BYTES] = &stats->tx_bytes,
			[IFLA_VF_STATS_RX_DROPPED] = &stats->rx_dropped,
			[IFLA_VF_STATS_TX_DROPPED] = &stats->tx_dropped,
		};
		guint type = mnl_attr_get_type(attribute);

		if (type < G_N_ELEMENTS(counters) && counters[type] != NULL)
			*counters[type] = read_count(attribute);
	}
}

static void take_function(FunctionSearch *search, const struct nlattr *info, const Function *of)
{
	const struct nlattr *attribute, *counters = NULL;
	struct ifla_vf_mac mac = { 0 };

	mnl_attr_for_each_nested(attribute, info) {
		if (mnl_attr_get_type(attribute) == IFLA_VF_MAC && mnl_attr_get_payload_len(attribute) >= sizeof(mac))
			memcpy(&mac, mnl_attr_get_payload(attribute), sizeof(mac));
		else if (mnl_attr_get_type(attribute) == IFLA_VF_STATS)
			counters = attribute;
	}
	if (search->function.index == 0 && memcmp(mac.mac, search->mac, ETH_ALEN) == 0) {
		search->function = *of;
		search->function.number = mac.vf;
	}
	if (counters == NULL || search->function.index != of->index || search->function.number != mac.vf)
		return;
	take_stats(&search->stats, counters);
	/* A driver that does not count says 0. */
	search->counted = search->stats.rx_packets != 0 || search->stats.tx_packets != 0;
}

/* --- an interface --- */

int functions_take(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute, *info, *list = NULL;
	Function of = { 0 };

	if (message->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(message) < sizeof(*head))
		return MNL_CB_OK;
	of.index = head->ifi_index;
	mnl_attr_for_each(attribute, message, sizeof(*head)) {
		if (mnl_attr_get_type(attribute) == IFLA_IFNAME &&
		    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
			g_strlcpy(of.name, mnl_attr_get_str(attribute), sizeof(of.name));
		else if (mnl_attr_get_type(attribute) == IFLA_VFINFO_LIST)
			list = attribute;
	}
	if (list == NULL)
		return MNL_CB_OK;
	mnl_attr_for_each_nested(info, list)
		take_function(data, info, &of);
	return MNL_CB_OK;
}

static struct ifinfomsg *begin(Rtnetlink *rtnetlink, guint16 flags)
{
	struct nlmsghdr *request = rtnetlink_begin(rtnetlink, RTM_GETLINK, flags);
	struct ifinfomsg *head = mnl_nlmsg_put_extra_header(request, sizeof(*head));

	mnl_attr_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_VF);
	return head;
}

Function functions_find(Rtnetlink *rtnetlink, const char *mac)
{
	FunctionSearch search = { 0 };

	if (!mac_parse(mac, search.mac))
		return search.function;
	begin(rtnetlink, NLM_F_DUMP);
	rtnetlink_ask(rtnetlink, functions_take, &search);
	return search.function;
}

static int take_and_stop(const struct nlmsghdr *message, void *search)
{
	functions_take(message, search);
	return MNL_CB_STOP;
}

gboolean functions_read(Rtnetlink *rtnetlink, const Function *function, struct rtnl_link_stats64 *stats)
{
	FunctionSearch search = { .function = *function };

	begin(rtnetlink, 0)->ifi_index = function->index;
	if (!rtnetlink_ask(rtnetlink, take_and_stop, &search) || !search.counted)
		return FALSE;
	*stats = search.stats;
	return TRUE;
}
