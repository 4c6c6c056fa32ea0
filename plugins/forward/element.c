/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements of our sets: [address of the host .] protocol . port [. source], in maps
 * to guest . port. Each field is padded to the four bytes of a register. They are
 * written byte by byte, for there may be very many, and read by libnftnl. Pure. */
#include "plugins/forward/element.h"

#include <arpa/inet.h>
#include <libnftnl/expr.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "plugins/forward/comment.h"
#include "plugins/forward/limit.h"

#define LONGEST_KEY (16 + 4 + 4 + 16)
#define LONGEST_TARGET (16 + 4)

static gsize address_size(ForwardFamily family)
{
	return forward_family_size(forward_families[family].family);
}

gsize forward_key_size(ForwardFamily family, ForwardSet set)
{
	if (forward_sets[set].spans_of != 0)
		return sizeof(guint16);
	return 8 + (forward_sets[set].by_address + forward_sets[set].by_source) * address_size(family);
}

/* --- fields --- */

static const guint8 *read_address(const guint8 *bytes, ForwardFamily family, ForwardAddress *address)
{
	gsize size = address_size(family);
	static const guint8 zero[sizeof(address->bytes)];

	*address = (ForwardAddress){ .family = AF_UNSPEC };
	memcpy(address->bytes, bytes, size);
	if (memcmp(address->bytes, zero, sizeof(zero)) != 0)
		address->family = forward_families[family].family;
	return bytes + size;
}

static guint8 *write_address(guint8 *bytes, ForwardFamily family, const ForwardAddress *address)
{
	gsize size = address_size(family);

	memcpy(bytes, address->bytes, size);
	return bytes + size;
}

static const guint8 *read_port(const guint8 *bytes, guint16 *port)
{
	memcpy(port, bytes, sizeof(*port));
	*port = ntohs(*port);
	return bytes + 4;
}

static guint8 *write_port(guint8 *bytes, guint16 port)
{
	port = htons(port);
	memcpy(bytes, &port, sizeof(port));
	return bytes + 4;
}

/* --- keys --- */

/* The source is the first, or the last, address of a network. */
static const guint8 *read_fields(const guint8 *key, ForwardFamily family, ForwardElement *element, guint16 *port)
{
	if (forward_sets[element->set].by_address)
		key = read_address(key, family, &element->address);
	element->protocol = key[0];
	return read_port(key + 4, port);
}

static void write_fields(guint8 *key, ForwardFamily family, const ForwardElement *element, gboolean first)
{
	if (forward_sets[element->set].by_address)
		key = write_address(key, family, &element->address);
	key[0] = element->protocol;
	key = write_port(key + 4, first ? element->port : element->last_port);
	if (forward_sets[element->set].by_source) {
		ForwardAddress end = forward_net_end(&element->source, first);

		write_address(key, family, &end);
	}
}

static guint common_bits(const guint8 *a, const guint8 *b, gsize size)
{
	guint bit = 0;

	while (bit < 8 * size && ((a[bit / 8] ^ b[bit / 8]) & (0x80u >> bit % 8)) == 0)
		bit++;
	return bit;
}

static gboolean read_interval(struct nftnl_set_elem *from, ForwardFamily family, const guint8 *first,
			      ForwardElement *element)
{
	guint32 length = 0;
	const guint8 *key = nftnl_set_elem_get(from, NFTNL_SET_ELEM_KEY_END, &length);
	gsize size = address_size(family);
	const guint8 *last;

	if (key == NULL || length != forward_key_size(family, element->set))
		return FALSE;
	last = read_fields(key, family, element, &element->last_port);
	element->source.address.family = forward_families[family].family;
	memcpy(element->source.address.bytes, first, size);
	element->source.prefix = (guint8)common_bits(first, last, size);
	return TRUE;
}

/* An interval of a plain set is two elements, at its first port and behind its last. */
static void read_edge(struct nftnl_set_elem *from, const guint8 *key, ForwardElement *edge)
{
	edge->protocol = forward_sets[edge->set].spans_of;
	read_port(key, &edge->port);
	edge->last_port = edge->port;
	edge->is_end = nftnl_set_elem_is_set(from, NFTNL_SET_ELEM_FLAGS) &&
		       (nftnl_set_elem_get_u32(from, NFTNL_SET_ELEM_FLAGS) & NFT_SET_ELEM_INTERVAL_END) != 0;
}

static gboolean read_key(struct nftnl_set_elem *from, ForwardFamily family, ForwardElement *element)
{
	guint32 length = 0;
	const guint8 *key = nftnl_set_elem_get(from, NFTNL_SET_ELEM_KEY, &length);

	if (key == NULL || length != forward_key_size(family, element->set))
		return FALSE;
	if (forward_sets[element->set].spans_of != 0) {
		read_edge(from, key, element);
		return TRUE;
	}
	key = read_fields(key, family, element, &element->port);
	element->last_port = element->port;
	return !forward_sets[element->set].by_source || read_interval(from, family, key, element);
}

static void put_value(struct nlmsghdr *message, guint16 type, const guint8 *bytes, gsize size)
{
	struct nlattr *nest = mnl_attr_nest_start(message, type);

	mnl_attr_put(message, NFTA_DATA_VALUE, size, bytes);
	mnl_attr_nest_end(message, nest);
}

static void put_key(struct nlmsghdr *message, ForwardFamily family, const ForwardElement *element)
{
	gsize size = forward_key_size(family, element->set);
	guint8 key[LONGEST_KEY] = { 0 };

	write_fields(key, family, element, TRUE);
	put_value(message, NFTA_SET_ELEM_KEY, key, size);
	if (!forward_sets[element->set].by_source)
		return;
	write_fields(key, family, element, FALSE);
	put_value(message, NFTA_SET_ELEM_KEY_END, key, size);
}

/* --- what an element holds --- */

static gboolean read_target(struct nftnl_set_elem *from, ForwardFamily family, ForwardElement *element)
{
	guint32 length = 0;
	const guint8 *target = nftnl_set_elem_get(from, NFTNL_SET_ELEM_DATA, &length);

	if (target == NULL || length != address_size(family) + 4)
		return FALSE;
	read_port(read_address(target, family, &element->guest), &element->guest_port);
	return TRUE;
}

static void put_target(struct nlmsghdr *message, ForwardFamily family, const ForwardElement *element)
{
	guint8 target[LONGEST_TARGET] = { 0 };

	write_port(write_address(target, family, &element->guest), element->guest_port);
	put_value(message, NFTA_SET_ELEM_DATA, target, address_size(family) + 4);
}

static void read_owner(struct nftnl_set_elem *from, ForwardElement *element)
{
	guint32 length = 0;
	const guint8 *userdata = nftnl_set_elem_get(from, NFTNL_SET_ELEM_USERDATA, &length);
	g_autofree char *comment = userdata != NULL ? forward_comment_read(userdata, length) : NULL;

	if (comment != NULL && strlen(comment) == FORWARD_UUID_LENGTH)
		g_strlcpy(element->uuid, comment, sizeof(element->uuid));
}

static void put_owner(struct nlmsghdr *message, const ForwardElement *element)
{
	guint8 userdata[FORWARD_USERDATA_LENGTH];
	gsize length = forward_comment_write(element->uuid, userdata);

	mnl_attr_put(message, NFTA_SET_ELEM_USERDATA, length, userdata);
}

static void put_expression(struct nlmsghdr *message, struct nftnl_expr *expr)
{
	struct nlattr *nest = mnl_attr_nest_start(message, NFTA_SET_ELEM_EXPR);

	nftnl_expr_build_payload(message, expr);
	mnl_attr_nest_end(message, nest);
	nftnl_expr_free(expr);
}

/* A counter at 0 the kernel makes by itself from the set's, in less than half the time. */
static void put_holding(struct nlmsghdr *message, ForwardFamily family, const ForwardElement *element)
{
	const ForwardSetInfo *info = &forward_sets[element->set];

	if (info->is_map)
		put_target(message, family, element);
	put_owner(message, element);
	if (forward_set_is_taken(element->set) && (element->connections > 0 || element->bytes > 0))
		put_expression(message, forward_counter_new(element));
	if (info->has_rate)
		put_expression(message, forward_limit_new(element));
}

gboolean forward_element_read(struct nftnl_set_elem *from, ForwardFamily family, ForwardSet set,
			      ForwardElement *element)
{
	*element = (ForwardElement){ .set = set };
	if (!read_key(from, family, element) ||
	    (forward_sets[set].is_map && !read_target(from, family, element)))
		return FALSE;
	read_owner(from, element);
	nftnl_set_elem_expr_foreach(from, forward_limit_read, element);
	return TRUE;
}

static void put_edge(struct nlmsghdr *message, guint16 port)
{
	guint8 key[4] = { 0 };

	write_port(key, port);
	put_value(message, NFTA_SET_ELEM_KEY, key, sizeof(port));
}

/* Behind the last port of all there is none, and no element. */
static void put_end(struct nlmsghdr *message, guint16 last_port)
{
	struct nlattr *nest;

	if (last_port == G_MAXUINT16)
		return;
	nest = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	put_edge(message, (guint16)(last_port + 1));
	mnl_attr_put_u32(message, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
	mnl_attr_nest_end(message, nest);
}

void forward_element_put(struct nlmsghdr *message, const ForwardElement *element, ForwardFamily family,
			 gboolean key_alone)
{
	gboolean is_span = forward_sets[element->set].spans_of != 0;
	struct nlattr *nest = mnl_attr_nest_start(message, NFTA_LIST_ELEM);

	if (is_span)
		put_edge(message, element->port);
	else
		put_key(message, family, element);
	if (!key_alone)
		put_holding(message, family, element);
	mnl_attr_nest_end(message, nest);
	if (is_span)
		put_end(message, element->last_port);
}
