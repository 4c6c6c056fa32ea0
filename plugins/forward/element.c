/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements of our maps: [address of the host] . protocol . port : guest . port.
 * Each field is padded to the four bytes of a register. Pure. */
#include "plugins/forward/element.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "plugins/forward/comment.h"
#include "plugins/forward/place.h"

#define KEY_LENGTH 8
#define ADDRESS_KEY_LENGTH 12
#define TARGET_LENGTH 8

/* nft's numbers of types, six bits for each field; the kernel does not look at them. */
enum { TYPE_ADDRESS = 7, TYPE_PROTOCOL = 12, TYPE_PORT = 13, TYPE_BITS = 6 };

static void read_port(const guint8 *bytes, guint16 *port)
{
	memcpy(port, bytes, sizeof(*port));
	*port = ntohs(*port);
}

static void write_port(guint8 *bytes, guint16 port)
{
	port = htons(port);
	memcpy(bytes, &port, sizeof(port));
}

static gboolean read_target(struct nftnl_set_elem *from, ForwardElement *element)
{
	guint32 length = 0;
	const guint8 *target = nftnl_set_elem_get(from, NFTNL_SET_ELEM_DATA, &length);

	if (target == NULL || length != TARGET_LENGTH)
		return FALSE;
	element->guest = (ForwardAddress){ .family = AF_INET };
	memcpy(&element->guest.v4, target, sizeof(element->guest.v4));
	read_port(target + 4, &element->guest_port);
	return TRUE;
}

static gboolean read_key(struct nftnl_set_elem *from, ForwardElement *element)
{
	guint32 length = 0;
	const guint8 *key = nftnl_set_elem_get(from, NFTNL_SET_ELEM_KEY, &length);

	if (key == NULL || (length != KEY_LENGTH && length != ADDRESS_KEY_LENGTH))
		return FALSE;
	if (length == ADDRESS_KEY_LENGTH) {
		element->address.family = AF_INET;
		memcpy(&element->address.v4, key, sizeof(element->address.v4));
		key += 4;
	}
	element->protocol = key[0];
	read_port(key + 4, &element->port);
	return TRUE;
}

static void read_owner(struct nftnl_set_elem *from, ForwardElement *element)
{
	guint32 length = 0;
	const guint8 *userdata = nftnl_set_elem_get(from, NFTNL_SET_ELEM_USERDATA, &length);
	g_autofree char *comment = userdata != NULL ? forward_comment_read(userdata, length) : NULL;

	if (comment != NULL && strlen(comment) == FORWARD_UUID_LENGTH)
		g_strlcpy(element->uuid, comment, sizeof(element->uuid));
}

gboolean forward_element_read(struct nftnl_set_elem *from, ForwardElement *element)
{
	if (!read_key(from, element) || !read_target(from, element))
		return FALSE;
	read_owner(from, element);
	return TRUE;
}

static void write_key(struct nftnl_set_elem *to, const ForwardElement *element)
{
	gboolean by_address = element->address.family != AF_UNSPEC;
	guint8 key[ADDRESS_KEY_LENGTH] = { 0 };
	guint8 *rest = by_address ? key + 4 : key;

	if (by_address)
		memcpy(key, &element->address.v4, sizeof(element->address.v4));
	rest[0] = element->protocol;
	write_port(rest + 4, element->port);
	nftnl_set_elem_set(to, NFTNL_SET_ELEM_KEY, key, by_address ? ADDRESS_KEY_LENGTH : KEY_LENGTH);
}

static void write_target(struct nftnl_set_elem *to, const ForwardElement *element)
{
	guint8 target[TARGET_LENGTH] = { 0 };
	g_autoptr(ForwardUserdata) owner = forward_comment_new(element->uuid);

	memcpy(target, &element->guest.v4, sizeof(element->guest.v4));
	write_port(target + 4, element->guest_port);
	nftnl_set_elem_set(to, NFTNL_SET_ELEM_DATA, target, sizeof(target));
	nftnl_set_elem_set(to, NFTNL_SET_ELEM_USERDATA, nftnl_udata_buf_data(owner), nftnl_udata_buf_len(owner));
}

struct nftnl_set_elem *forward_element_new(const ForwardElement *element, gboolean key_alone)
{
	struct nftnl_set_elem *to = nftnl_set_elem_alloc();

	write_key(to, element);
	if (!key_alone)
		write_target(to, element);
	return to;
}

const char *forward_map_name(gboolean by_address)
{
	return by_address ? FORWARD_MAP_ADDRESS : FORWARD_MAP_ANY;
}

struct nftnl_set *forward_map_new(gboolean by_address)
{
	struct nftnl_set *map = nftnl_set_alloc();
	guint32 key_type = TYPE_PROTOCOL << TYPE_BITS | TYPE_PORT;

	if (by_address)
		key_type |= TYPE_ADDRESS << 2 * TYPE_BITS;
	nftnl_set_set_str(map, NFTNL_SET_TABLE, FORWARD_TABLE);
	nftnl_set_set_str(map, NFTNL_SET_NAME, forward_map_name(by_address));
	nftnl_set_set_u32(map, NFTNL_SET_FLAGS, NFT_SET_MAP);
	nftnl_set_set_u32(map, NFTNL_SET_KEY_TYPE, key_type);
	nftnl_set_set_u32(map, NFTNL_SET_KEY_LEN, by_address ? ADDRESS_KEY_LENGTH : KEY_LENGTH);
	nftnl_set_set_u32(map, NFTNL_SET_DATA_TYPE, TYPE_ADDRESS << TYPE_BITS | TYPE_PORT);
	nftnl_set_set_u32(map, NFTNL_SET_DATA_LEN, TARGET_LENGTH);
	nftnl_set_set_u32(map, NFTNL_SET_ID, by_address ? 2 : 1);
	return map;
}
