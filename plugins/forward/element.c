/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements of our sets: [address of the host .] protocol . port [. source], in maps
 * to guest . port. Each field is padded to the four bytes of a register. Pure. */
#include "plugins/forward/element.h"

#include <arpa/inet.h>
#include <libnftnl/expr.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "plugins/forward/comment.h"
#include "plugins/forward/limit.h"

#define LONGEST_KEY (16 + 4 + 4 + 16)
#define LONGEST_TARGET (16 + 4)

/* nft's numbers of types, six bits for each field; the kernel does not look at them. */
enum { TYPE_IP = 7, TYPE_IP6 = 8, TYPE_PROTOCOL = 12, TYPE_PORT = 13, TYPE_BITS = 6 };

static gsize address_size(ForwardFamily family)
{
	return forward_family_size(forward_families[family].family);
}

static gsize key_size(ForwardFamily family, ForwardSet set)
{
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

	if (key == NULL || length != key_size(family, element->set))
		return FALSE;
	last = read_fields(key, family, element, &element->last_port);
	element->source.address.family = forward_families[family].family;
	memcpy(element->source.address.bytes, first, size);
	element->source.prefix = (guint8)common_bits(first, last, size);
	return TRUE;
}

static gboolean read_key(struct nftnl_set_elem *from, ForwardFamily family, ForwardElement *element)
{
	guint32 length = 0;
	const guint8 *key = nftnl_set_elem_get(from, NFTNL_SET_ELEM_KEY, &length);

	if (key == NULL || length != key_size(family, element->set))
		return FALSE;
	key = read_fields(key, family, element, &element->port);
	element->last_port = element->port;
	return !forward_sets[element->set].by_source || read_interval(from, family, key, element);
}

static void write_key(struct nftnl_set_elem *to, ForwardFamily family, const ForwardElement *element)
{
	gsize size = key_size(family, element->set);
	guint8 key[LONGEST_KEY] = { 0 };

	write_fields(key, family, element, TRUE);
	nftnl_set_elem_set(to, NFTNL_SET_ELEM_KEY, key, (guint32)size);
	if (!forward_sets[element->set].by_source)
		return;
	write_fields(key, family, element, FALSE);
	nftnl_set_elem_set(to, NFTNL_SET_ELEM_KEY_END, key, (guint32)size);
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

static void write_target(struct nftnl_set_elem *to, ForwardFamily family, const ForwardElement *element)
{
	guint8 target[LONGEST_TARGET] = { 0 };

	write_port(write_address(target, family, &element->guest), element->guest_port);
	nftnl_set_elem_set(to, NFTNL_SET_ELEM_DATA, target, (guint32)address_size(family) + 4);
}

static void read_owner(struct nftnl_set_elem *from, ForwardElement *element)
{
	guint32 length = 0;
	const guint8 *userdata = nftnl_set_elem_get(from, NFTNL_SET_ELEM_USERDATA, &length);
	g_autofree char *comment = userdata != NULL ? forward_comment_read(userdata, length) : NULL;

	if (comment != NULL && strlen(comment) == FORWARD_UUID_LENGTH)
		g_strlcpy(element->uuid, comment, sizeof(element->uuid));
}

static void write_owner(struct nftnl_set_elem *to, const ForwardElement *element)
{
	g_autoptr(ForwardUserdata) owner = forward_comment_new(element->uuid);

	nftnl_set_elem_set(to, NFTNL_SET_ELEM_USERDATA, nftnl_udata_buf_data(owner), nftnl_udata_buf_len(owner));
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

struct nftnl_set_elem *forward_element_new(const ForwardElement *element, ForwardFamily family, gboolean key_alone)
{
	struct nftnl_set_elem *to = nftnl_set_elem_alloc();

	write_key(to, family, element);
	if (key_alone)
		return to;
	write_owner(to, element);
	if (forward_sets[element->set].is_map) {
		write_target(to, family, element);
		nftnl_set_elem_add_expr(to, forward_counter_new(element));
	}
	if (forward_sets[element->set].has_rate)
		nftnl_set_elem_add_expr(to, forward_limit_new(element));
	return to;
}

/* --- sets --- */

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

struct nftnl_set *forward_set_new(ForwardFamily family, ForwardSet set)
{
	const ForwardSetInfo *info = &forward_sets[set];
	guint32 address = family == FORWARD_IP6 ? TYPE_IP6 : TYPE_IP;
	struct nftnl_set *result = nftnl_set_alloc();
	Fields fields = { 0 };

	if (info->by_address)
		add_field(&fields, address, address_size(family));
	add_field(&fields, TYPE_PROTOCOL, 1);
	add_field(&fields, TYPE_PORT, 2);
	if (info->by_source)
		add_field(&fields, address, address_size(family));
	nftnl_set_set_str(result, NFTNL_SET_TABLE, FORWARD_TABLE);
	nftnl_set_set_str(result, NFTNL_SET_NAME, info->name);
	nftnl_set_set_u32(result, NFTNL_SET_ID, set + 1);
	nftnl_set_set_u32(result, NFTNL_SET_KEY_TYPE, fields.type);
	nftnl_set_set_u32(result, NFTNL_SET_KEY_LEN, (guint32)key_size(family, set));
	if (info->is_map) {
		nftnl_set_set_u32(result, NFTNL_SET_FLAGS, NFT_SET_MAP);
		nftnl_set_set_u32(result, NFTNL_SET_DATA_TYPE, address << TYPE_BITS | TYPE_PORT);
		nftnl_set_set_u32(result, NFTNL_SET_DATA_LEN, (guint32)address_size(family) + 4);
		nftnl_set_add_expr(result, forward_counter_new(&(ForwardElement){ 0 }));
	}
	/* Without these nft cannot read back what it lists. */
	if (info->has_rate)
		nftnl_set_add_expr(result, forward_limit_new(&(ForwardElement){ .rate = "1/s" }));
	if (info->by_source) {
		nftnl_set_set_u32(result, NFTNL_SET_FLAGS, NFT_SET_INTERVAL | NFT_SET_CONCAT);
		nftnl_set_set_data(result, NFTNL_SET_DESC_CONCAT, fields.lengths, fields.n);
	}
	return result;
}
