/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of ctnetlink: one tracked connection each. Pure. */
#include "plugins/forward/flow.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>

static const struct nlattr *find(const struct nlmsghdr *message, guint16 type)
{
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attribute) == type)
			return attribute;
	}
	return NULL;
}

static const struct nlattr *find_in(const struct nlattr *nest, guint16 type)
{
	const struct nlattr *attribute;

	if (nest == NULL)
		return NULL;
	mnl_attr_for_each_nested(attribute, nest) {
		if (mnl_attr_get_type(attribute) == type)
			return attribute;
	}
	return NULL;
}

/* --- one end of a connection --- */

static gboolean read_address(const struct nlattr *tuple, guint16 v4, guint16 v6, ForwardAddress *address)
{
	const struct nlattr *ip = find_in(tuple, CTA_TUPLE_IP);
	const struct nlattr *attribute = find_in(ip, v4);

	*address = (ForwardAddress){ .family = AF_INET };
	if (attribute == NULL) {
		attribute = find_in(ip, v6);
		address->family = AF_INET6;
	}
	if (attribute == NULL || mnl_attr_get_payload_len(attribute) != forward_address_size(address))
		return FALSE;
	memcpy(address->bytes, mnl_attr_get_payload(attribute), forward_address_size(address));
	return TRUE;
}

static gboolean read_port(const struct nlattr *tuple, guint16 type, guint16 *port)
{
	const struct nlattr *attribute = find_in(find_in(tuple, CTA_TUPLE_PROTO), type);

	if (attribute == NULL || mnl_attr_get_payload_len(attribute) != sizeof(*port))
		return FALSE;
	*port = ntohs(mnl_attr_get_u16(attribute));
	return TRUE;
}

static gboolean read_protocol(const struct nlattr *tuple, guint8 *protocol)
{
	const struct nlattr *attribute = find_in(find_in(tuple, CTA_TUPLE_PROTO), CTA_PROTO_NUM);

	if (attribute == NULL || mnl_attr_get_payload_len(attribute) < 1)
		return FALSE;
	*protocol = mnl_attr_get_u8(attribute);
	return TRUE;
}

gboolean forward_flow_read(const struct nlmsghdr *message, ForwardFlow *flow)
{
	const struct nlattr *there = find(message, CTA_TUPLE_ORIG);
	const struct nlattr *back = find(message, CTA_TUPLE_REPLY);
	const struct nlattr *status = find(message, CTA_STATUS);

	*flow = (ForwardFlow){ 0 };
	if (!read_protocol(there, &flow->protocol) ||
	    !read_address(there, CTA_IP_V4_DST, CTA_IP_V6_DST, &flow->address) ||
	    !read_port(there, CTA_PROTO_DST_PORT, &flow->port) ||
	    !read_address(back, CTA_IP_V4_SRC, CTA_IP_V6_SRC, &flow->guest) ||
	    !read_port(back, CTA_PROTO_SRC_PORT, &flow->guest_port) || status == NULL ||
	    mnl_attr_get_payload_len(status) != sizeof(guint32))
		return FALSE;
	flow->forwarded = (ntohl(mnl_attr_get_u32(status)) & IPS_DST_NAT) != 0;
	return TRUE;
}

/* --- requests --- */

static struct nlmsghdr *begin(ForwardFlowRequest *request, guint16 type, guint16 flags, guint8 family)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(memset(request, 0, sizeof(*request)));
	struct nfgenmsg *head;

	message->nlmsg_type = (guint16)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->nfgen_family = family;
	return message;
}

void forward_flow_ask(ForwardFlowRequest *request, ForwardFamily family, gboolean forwarded)
{
	struct nlmsghdr *message =
		begin(request, IPCTNL_MSG_CT_GET, NLM_F_DUMP, (guint8)forward_families[family].family);

	mnl_attr_put_u32(message, CTA_STATUS, htonl(forwarded ? IPS_DST_NAT : 0));
	mnl_attr_put_u32(message, CTA_STATUS_MASK, htonl(IPS_DST_NAT));
}

static gboolean copy(struct nlmsghdr *to, const struct nlmsghdr *from, guint16 type)
{
	const struct nlattr *attribute = find(from, type);

	return attribute != NULL &&
	       mnl_attr_put_check(to, FORWARD_FLOW_BYTES, attribute->nla_type, mnl_attr_get_payload_len(attribute),
				  mnl_attr_get_payload(attribute));
}

gboolean forward_flow_delete(ForwardFlowRequest *request, const struct nlmsghdr *message)
{
	guint8 family = ((const struct nfgenmsg *)mnl_nlmsg_get_payload(message))->nfgen_family;
	struct nlmsghdr *deletion = begin(request, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, family);

	copy(deletion, message, CTA_ZONE);
	return copy(deletion, message, CTA_TUPLE_ORIG) && copy(deletion, message, CTA_ID);
}
