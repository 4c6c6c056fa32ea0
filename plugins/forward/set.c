/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our sets, empty. Pure. */
#include "plugins/forward/set.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>

#include "plugins/forward/element.h"
#include "plugins/forward/limit.h"

/* nft's numbers of types, six bits for each field; the kernel does not look at them. */
enum { TYPE_IP = 7, TYPE_IP6 = 8, TYPE_PROTOCOL = 12, TYPE_PORT = 13, TYPE_BITS = 6 };

/* From so many ports on a map has room for all that there can be, each of three protocols: 2 MiB. */
#define MANY_PORTS 1024
#define MOST_PORTS (3 * 65536)

typedef struct {
	guint32 type;
	guint8 lengths[4]; /* of the fields, in bytes */
	guint n;
} Fields;

static void add_field(Fields *fields, guint32 type, gsize length)
{
	fields->type = fields->type << TYPE_BITS | type;
	fields->lengths[fields->n++] = (guint8)length;
}

static gsize address_size(ForwardFamily family)
{
	return forward_family_size(forward_families[family].family);
}

static guint32 address_type(ForwardFamily family)
{
	return family == FORWARD_IP6 ? TYPE_IP6 : TYPE_IP;
}

static Fields fields_of(ForwardFamily family, const ForwardSetInfo *info)
{
	Fields fields = { 0 };

	if (info->by_address)
		add_field(&fields, address_type(family), address_size(family));
	if (info->spans_of == 0)
		add_field(&fields, TYPE_PROTOCOL, 1);
	add_field(&fields, TYPE_PORT, 2);
	if (info->by_source)
		add_field(&fields, address_type(family), address_size(family));
	return fields;
}

/* A set that is told how many it is to hold at most has room for them from the beginning. One that
 * grows costs more for each of many, and much more while the machine has no time to make it larger. */
static void make_map(struct nftnl_set *map, ForwardFamily family, const ForwardSetInfo *info, guint n_ports)
{
	nftnl_set_set_u32(map, NFTNL_SET_FLAGS, NFT_SET_MAP);
	nftnl_set_set_u32(map, NFTNL_SET_DATA_TYPE, address_type(family) << TYPE_BITS | TYPE_PORT);
	nftnl_set_set_u32(map, NFTNL_SET_DATA_LEN, (guint32)address_size(family) + 4);
	if (n_ports >= MANY_PORTS && !info->by_address)
		nftnl_set_set_u32(map, NFTNL_SET_DESC_SIZE, MOST_PORTS);
}

struct nftnl_set *forward_set_new(ForwardFamily family, ForwardSet set, guint n_ports)
{
	const ForwardSetInfo *info = &forward_sets[set];
	struct nftnl_set *result = nftnl_set_alloc();
	Fields fields = fields_of(family, info);

	nftnl_set_set_str(result, NFTNL_SET_TABLE, FORWARD_TABLE);
	nftnl_set_set_str(result, NFTNL_SET_NAME, info->name);
	nftnl_set_set_u32(result, NFTNL_SET_ID, set + 1);
	nftnl_set_set_u32(result, NFTNL_SET_KEY_TYPE, fields.type);
	nftnl_set_set_u32(result, NFTNL_SET_KEY_LEN, (guint32)forward_key_size(family, set));
	if (info->is_map)
		make_map(result, family, info, n_ports);
	/* Without these nft cannot read back what it lists. */
	if (forward_set_is_taken(set))
		nftnl_set_add_expr(result, forward_counter_new(&(ForwardElement){ 0 }));
	if (info->has_rate)
		nftnl_set_add_expr(result, forward_limit_new(&(ForwardElement){ .rate = "1/s" }));
	if (info->spans_of != 0)
		nftnl_set_set_u32(result, NFTNL_SET_FLAGS, NFT_SET_INTERVAL);
	if (info->by_source) {
		nftnl_set_set_u32(result, NFTNL_SET_FLAGS, NFT_SET_INTERVAL | NFT_SET_CONCAT);
		nftnl_set_set_data(result, NFTNL_SET_DESC_CONCAT, fields.lengths, fields.n);
	}
	return result;
}

/* Those that say how it is kept; nft adds others when it puts a listing back. */
static guint32 flags_of(const struct nftnl_set *set)
{
	guint32 flags = nftnl_set_is_set(set, NFTNL_SET_FLAGS) ? nftnl_set_get_u32(set, NFTNL_SET_FLAGS) : 0;

	return flags & (NFT_SET_MAP | NFT_SET_INTERVAL);
}

gboolean forward_set_is(const struct nftnl_set *listed, ForwardFamily family, ForwardSet set)
{
	struct nftnl_set *ours = forward_set_new(family, set, 0);
	gboolean is_same = g_strcmp0(nftnl_set_get_str(listed, NFTNL_SET_NAME), forward_sets[set].name) == 0 &&
			   nftnl_set_get_u32(listed, NFTNL_SET_KEY_LEN) ==
				   nftnl_set_get_u32(ours, NFTNL_SET_KEY_LEN) &&
			   flags_of(listed) == flags_of(ours);

	nftnl_set_free(ours);
	return is_same;
}

void forward_set_put_name(struct nlmsghdr *message, ForwardSet set)
{
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, FORWARD_TABLE);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, forward_sets[set].name);
	mnl_attr_put_u32(message, NFTA_SET_ELEM_LIST_SET_ID, htonl(set + 1));
}
