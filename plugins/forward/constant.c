/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of values in other people's rules. */
#include "plugins/forward/constant.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

typedef struct nftnl_set NftSet;
typedef struct nftnl_set_elems_iter NftElements;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftSet, nftnl_set_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftElements, nftnl_set_elems_iter_destroy)

struct _ForwardConstants {
	GHashTable *sets; /* "FAMILY TABLE NAME": struct nftnl_set */
};

static void free_set(gpointer set)
{
	nftnl_set_free(set);
}

ForwardConstants *forward_constants_new(void)
{
	ForwardConstants *constants = g_new0(ForwardConstants, 1);

	constants->sets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_set);
	return constants;
}

void forward_constants_free(ForwardConstants *constants)
{
	g_hash_table_unref(constants->sets);
	g_free(constants);
}

static char *key_of(guint32 family, const char *table, const char *name)
{
	return g_strdup_printf("%u %s %s", family, table, name);
}

static gboolean is_list(const NftSet *set)
{
	guint32 flags = nftnl_set_get_u32(set, NFTNL_SET_FLAGS);
	guint32 others = NFT_SET_INTERVAL | NFT_SET_MAP | NFT_SET_TIMEOUT | NFT_SET_EVAL | NFT_SET_OBJECT;

	return (flags & NFT_SET_ANONYMOUS) != 0 && (flags & NFT_SET_CONSTANT) != 0 && (flags & others) == 0 &&
	       nftnl_set_get_str(set, NFTNL_SET_NAME) != NULL && nftnl_set_get_str(set, NFTNL_SET_TABLE) != NULL;
}

void forward_constants_add(ForwardConstants *constants, struct nftnl_set *set)
{
	if (is_list(set))
		g_hash_table_insert(constants->sets,
				    key_of(nftnl_set_get_u32(set, NFTNL_SET_FAMILY),
					   nftnl_set_get_str(set, NFTNL_SET_TABLE),
					   nftnl_set_get_str(set, NFTNL_SET_NAME)),
				    set);
	else
		nftnl_set_free(set);
}

/* --- reading --- */

static int each_set(const struct nlmsghdr *message, void *data)
{
	g_autoptr(NftSet) set = nftnl_set_alloc();

	if (nftnl_set_nlmsg_parse(message, set) == 0 && is_list(set))
		g_ptr_array_add(data, g_steal_pointer(&set));
	return MNL_CB_OK;
}

static int each_element(const struct nlmsghdr *message, void *data)
{
	return nftnl_set_elems_nlmsg_parse(message, data) == 0 ? MNL_CB_OK : MNL_CB_ERROR;
}

static gboolean read_elements(HostlerHost *host, NftSet *set, guint16 family, GError **error)
{
	g_autoptr(NftSet) asked = nftnl_set_alloc();
	char buffer[1024] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *request = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETSETELEM, family, NLM_F_DUMP, 0);

	nftnl_set_set_str(asked, NFTNL_SET_TABLE, nftnl_set_get_str(set, NFTNL_SET_TABLE));
	nftnl_set_set_str(asked, NFTNL_SET_NAME, nftnl_set_get_str(set, NFTNL_SET_NAME));
	nftnl_set_elems_nlmsg_build_payload(request, asked);
	return host->ops->nft_dump(host, request, each_element, set, error);
}

gboolean forward_constants_read(HostlerHost *host, ForwardConstants *constants, guint16 family, const char *table,
				GError **error)
{
	g_autoptr(GPtrArray) sets = g_ptr_array_new_with_free_func(free_set);
	g_autoptr(NftSet) asked = nftnl_set_alloc();
	char buffer[512] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *request = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETSET, family, NLM_F_DUMP, 0);

	nftnl_set_set_str(asked, NFTNL_SET_TABLE, table);
	nftnl_set_nlmsg_build_payload(request, asked);
	if (!host->ops->nft_dump(host, request, each_set, sets, error))
		return FALSE;
	while (sets->len > 0) {
		g_autoptr(NftSet) set = g_ptr_array_steal_index(sets, sets->len - 1);

		if (!read_elements(host, set, family, error))
			return FALSE;
		forward_constants_add(constants, g_steal_pointer(&set));
	}
	return TRUE;
}

/* --- asking --- */

const struct nftnl_set *forward_constant_find(const ForwardConstants *constants, guint32 family, const char *table,
					      const char *name)
{
	g_autofree char *key = NULL;

	if (table == NULL || name == NULL)
		return NULL;
	key = key_of(family, table, name);
	return g_hash_table_lookup(constants->sets, key);
}

gsize forward_constant_size(const struct nftnl_set *set)
{
	return nftnl_set_get_u32(set, NFTNL_SET_KEY_LEN);
}

gboolean forward_constant_has(const struct nftnl_set *set, const guint8 *bytes)
{
	g_autoptr(NftElements) elements = nftnl_set_elems_iter_create(set);
	struct nftnl_set_elem *element;

	while ((element = nftnl_set_elems_iter_next(elements)) != NULL) {
		guint32 length = 0;
		const void *key = nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &length);

		if (key != NULL && length == forward_constant_size(set) && memcmp(key, bytes, length) == 0)
			return TRUE;
	}
	return FALSE;
}
