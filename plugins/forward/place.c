/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where in nf_tables our rules are, and which. */
#include "plugins/forward/place.h"

#include <netinet/ip.h> /* before the kernel's own words for the same */
#include <netinet/ip6.h>

#include <linux/netfilter.h>
#include <stddef.h>

const ForwardFamilyInfo forward_families[FORWARD_N_FAMILIES] = {
	[FORWARD_IP] = { "ip", AF_INET, offsetof(struct iphdr, saddr), offsetof(struct iphdr, daddr) },
	[FORWARD_IP6] = { "ip6", AF_INET6, offsetof(struct ip6_hdr, ip6_src), offsetof(struct ip6_hdr, ip6_dst) },
};

ForwardFamily forward_family_of(sa_family_t family)
{
	return family == AF_INET6 ? FORWARD_IP6 : FORWARD_IP;
}

const ForwardPlaceInfo forward_places[FORWARD_N_PLACES] = {
	[FORWARD_PLACE_FILTER] = { "filter", "FORWARD", NF_INET_FORWARD, TRUE,
				   { [FORWARD_WAY_OUT] = TRUE, [FORWARD_WAY_IN] = TRUE } },
	[FORWARD_PLACE_LIBVIRT] = { "libvirt_network", "forward", NF_INET_FORWARD, FALSE,
				    { [FORWARD_WAY_OUT] = TRUE, [FORWARD_WAY_IN] = TRUE } },
	[FORWARD_PLACE_HAIRPIN] = { FORWARD_TABLE, "postrouting", NF_INET_POST_ROUTING, FALSE,
				    { [FORWARD_WAY_BACK] = TRUE, [FORWARD_WAY_SELF] = TRUE,
				      [FORWARD_WAY_LOOPBACK] = TRUE } },
	[FORWARD_PLACE_GUARD] = { FORWARD_TABLE, "loopback", NF_INET_PRE_ROUTING, FALSE,
				  { [FORWARD_WAY_GUARD] = TRUE, [FORWARD_WAY_GUARD_FROM] = TRUE } },
};

#define ADDRESSES FORWARD_WITH_ADDRESSES
#define LIMITS FORWARD_WITH_LIMITS
#define LOOPBACK FORWARD_WITH_LOOPBACK

const ForwardSetInfo forward_sets[FORWARD_N_SETS] = {
	[FORWARD_SET_TAKEN_TCP] = { "taken_tcp", 0, .spans_of = IPPROTO_TCP },
	[FORWARD_SET_TAKEN_UDP] = { "taken_udp", 0, .spans_of = IPPROTO_UDP },
	[FORWARD_SET_TAKEN_SCTP] = { "taken_sctp", 0, .spans_of = IPPROTO_SCTP },
	[FORWARD_SET_TAKEN_ADDRESS] = { "taken_address", 0, .by_address = TRUE },
	[FORWARD_SET_PORTS] = { "ports", 0, .is_map = TRUE },
	[FORWARD_SET_ADDRESS_PORTS] = { "address_ports", ADDRESSES, .by_address = TRUE, .is_map = TRUE },
	[FORWARD_SET_BOUND] = { "bound", ADDRESSES | LIMITS, .by_address = TRUE },
	[FORWARD_SET_LIMITED] = { "limited", LIMITS, .by_address = FALSE },
	[FORWARD_SET_ADDRESS_LIMITED] = { "address_limited", ADDRESSES | LIMITS, .by_address = TRUE },
	[FORWARD_SET_SOURCES] = { "sources", LIMITS, .by_source = TRUE },
	[FORWARD_SET_ADDRESS_SOURCES] = { "address_sources", ADDRESSES | LIMITS, .by_address = TRUE,
					  .by_source = TRUE },
	[FORWARD_SET_RATES] = { "rates", LIMITS, .has_rate = TRUE },
	[FORWARD_SET_ADDRESS_RATES] = { "address_rates", ADDRESSES | LIMITS, .by_address = TRUE, .has_rate = TRUE },
};

gboolean forward_set_is_taken(ForwardSet set)
{
	return set <= FORWARD_SET_TAKEN_ADDRESS;
}

ForwardSet forward_set_of_taken(guint8 protocol, gboolean by_address)
{
	ForwardSet set = FORWARD_SET_TAKEN_TCP;

	while (set < FORWARD_SET_TAKEN_ADDRESS && (by_address || forward_sets[set].spans_of != protocol))
		set++;
	return set;
}

/* The limits first: what was let fall through would reach a listener of the host
 * on the same port. Then whatever is for this host, from outside and from guests, and
 * from the host itself, which is not limited. A set of spans belongs to one protocol;
 * and while a transaction puts one span in the place of another kernels before 6.17
 * may find neither, so that what leads does not depend on what counts. */
const ForwardLookup forward_lookups[FORWARD_N_LOOKUPS] = {
	{ "limits", ADDRESSES | LIMITS, 0, FORWARD_RULE_DROP, FORWARD_SET_ADDRESS_LIMITED, FORWARD_SET_ADDRESS_SOURCES,
	  "who may not come to one address" },
	{ "limits", ADDRESSES | LIMITS, 0, FORWARD_RULE_DROP, FORWARD_SET_ADDRESS_RATES, FORWARD_SET_ADDRESS_RATES,
	  "who comes too often to one address" },
	{ "limits", ADDRESSES | LIMITS, 0, FORWARD_RULE_ACCEPT, FORWARD_SET_BOUND, FORWARD_SET_BOUND,
	  "one address beats every address" },
	{ "limits", LIMITS, 0, FORWARD_RULE_DROP, FORWARD_SET_LIMITED, FORWARD_SET_SOURCES, "who may not come" },
	{ "limits", LIMITS, 0, FORWARD_RULE_DROP, FORWARD_SET_RATES, FORWARD_SET_RATES, "who comes too often" },
	{ FORWARD_CHAIN, ADDRESSES, 0, FORWARD_RULE_DNAT, FORWARD_SET_ADDRESS_PORTS, FORWARD_SET_TAKEN_ADDRESS,
	  "ports of one address of this host" },
	{ FORWARD_CHAIN, 0, 0, FORWARD_RULE_DNAT, FORWARD_SET_PORTS, FORWARD_SET_TAKEN_TCP,
	  "TCP ports of every address of this host" },
	{ FORWARD_CHAIN, 0, 0, FORWARD_RULE_DNAT, FORWARD_SET_PORTS, FORWARD_SET_TAKEN_UDP, "the same of UDP" },
	{ FORWARD_CHAIN, 0, 0, FORWARD_RULE_DNAT, FORWARD_SET_PORTS, FORWARD_SET_TAKEN_SCTP, "the same of SCTP" },
	{ FORWARD_CHAIN, 0, 0, FORWARD_RULE_DNAT, FORWARD_SET_PORTS, FORWARD_SET_PORTS,
	  "what came while its span was changed" },
	{ "prerouting", 0, 0, FORWARD_RULE_JUMP, FORWARD_SET_PORTS, FORWARD_SET_PORTS, "what comes to this host" },
	{ "output", 0, LOOPBACK, FORWARD_RULE_JUMP, FORWARD_SET_PORTS, FORWARD_SET_PORTS,
	  "the same for the host itself" },
	{ "output", LOOPBACK, 0, FORWARD_RULE_JUMP, FORWARD_SET_PORTS, FORWARD_SET_PORTS,
	  "the same for the host itself, with 127.0.0.0/8" },
};

gboolean forward_lookup_is_there(const ForwardLookup *lookup, guint features)
{
	return (lookup->features & ~features) == 0 && (lookup->instead & features) == 0;
}

char *forward_lookup_text(const char *chain, const char *comment)
{
	return g_strdup_printf("%s: %s", chain, comment != NULL ? comment : "");
}
