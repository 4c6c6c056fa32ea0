/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where in nf_tables our rules are. */
#include "plugins/forward/place.h"

#include <linux/netfilter.h>

const ForwardPlaceInfo forward_places[FORWARD_N_PLACES] = {
	[FORWARD_PLACE_FILTER] = { "filter", "FORWARD", NF_INET_FORWARD, TRUE,
				   { [FORWARD_WAY_OUT] = TRUE, [FORWARD_WAY_IN] = TRUE } },
	[FORWARD_PLACE_LIBVIRT] = { "libvirt_network", "forward", NF_INET_FORWARD, FALSE,
				    { [FORWARD_WAY_OUT] = TRUE, [FORWARD_WAY_IN] = TRUE } },
	[FORWARD_PLACE_HAIRPIN] = { FORWARD_TABLE, "postrouting", NF_INET_POST_ROUTING, FALSE,
				    { [FORWARD_WAY_BACK] = TRUE } },
};

/* From outside and from guests, and from the host itself. */
const ForwardLookup forward_lookups[FORWARD_N_LOOKUPS] = {
	{ "prerouting", TRUE, "ports of one address of this host" },
	{ "prerouting", FALSE, "ports of every address of this host" },
	{ "output", TRUE, "the same for the host itself, one address" },
	{ "output", FALSE, "the same for the host itself, every address" },
};

char *forward_lookup_text(const char *chain, const char *comment)
{
	return g_strdup_printf("%s: %s", chain, comment != NULL ? comment : "");
}
