/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sets our table has, and what is in them. */
#include "plugins/forward/sets.h"

#include <libmnl/libmnl.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nf_tables.h>

#include "plugins/forward/element.h"
#include "plugins/forward/request.h"
#include "plugins/forward/set.h"

/* So many elements of a set are asked for one by one; more are picked from a list of all. */
#define MOST_ASKED_FOR 256

typedef struct nftnl_set NftSet;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftSet, nftnl_set_free)

typedef struct {
	ForwardFamily family;
	ForwardSet set;
	GArray *elements;
} SetReading;

static int each_element(struct nftnl_set_elem *from, void *data)
{
	const SetReading *reading = data;
	ForwardElement element;

	if (forward_element_read(from, reading->family, reading->set, &element))
		g_array_append_val(reading->elements, element);
	return 0;
}

static int each_elements(const struct nlmsghdr *message, void *data)
{
	g_autoptr(NftSet) set = nftnl_set_alloc();

	if (nftnl_set_elems_nlmsg_parse(message, set) == 0)
		nftnl_set_elem_foreach(set, each_element, data);
	return MNL_CB_OK;
}

static gboolean read_set(HostlerHost *host, SetReading *reading, GError **error)
{
	guint first = reading->elements->len;
	ForwardRequest request;

	forward_set_put_name(forward_request_all(&request, reading->family, NFT_MSG_GETSETELEM), reading->set);
	if (!host->ops->nft_dump(host, &request.header, each_elements, reading, error))
		return FALSE;
	if (forward_sets[reading->set].spans_of != 0)
		forward_elements_join(reading->elements, first);
	return TRUE;
}

/* One request for each: the kernel ends a list at the first that is not there. */
static gboolean read_key(HostlerHost *host, SetReading *reading, const ForwardElement *key, GError **error)
{
	ForwardRequest request;
	struct nlmsghdr *message = forward_request_one(&request, reading->family, NFT_MSG_GETSETELEM);
	struct nlattr *list;

	forward_set_put_name(message, reading->set);
	list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	forward_element_put(message, key, reading->family, TRUE);
	mnl_attr_nest_end(message, list);
	return host->ops->nft_dump(host, &request.header, each_elements, reading, error);
}

static GArray *keys_in(const GArray *keys, ForwardSet set)
{
	GArray *some = g_array_new(FALSE, TRUE, sizeof(ForwardElement));

	for (guint i = 0; i < keys->len; i++) {
		if (g_array_index(keys, ForwardElement, i).set == set)
			g_array_append_val(some, g_array_index(keys, ForwardElement, i));
	}
	return some;
}

/* A key of intervals is answered with whatever interval it lies in. Spans are few, and of all VMs. */
static gboolean read_keys(HostlerHost *host, SetReading *reading, const GArray *all, GError **error)
{
	const ForwardSetInfo *info = &forward_sets[reading->set];
	g_autoptr(GArray) keys = keys_in(all, reading->set);

	if (keys->len > 0 && (info->by_source || info->spans_of != 0 || keys->len > MOST_ASKED_FOR))
		return read_set(host, reading, error);
	for (guint i = 0; i < keys->len; i++) {
		if (!read_key(host, reading, &g_array_index(keys, ForwardElement, i), error))
			return FALSE;
	}
	return TRUE;
}

typedef struct {
	ForwardFamily family;
	ForwardTable *ours;
} NameReading;

static int each_set(const struct nlmsghdr *message, void *data)
{
	g_autoptr(NftSet) listed = nftnl_set_alloc();
	const NameReading *reading = data;

	if (nftnl_set_nlmsg_parse(message, listed) < 0)
		return MNL_CB_OK;
	for (ForwardSet set = 0; set < FORWARD_N_SETS; set++) {
		if (forward_set_is(listed, reading->family, set))
			reading->ours->sets |= 1u << set;
	}
	return MNL_CB_OK;
}

static gboolean read_names(HostlerHost *host, ForwardFamily family, ForwardTable *ours, GError **error)
{
	g_autoptr(NftSet) set = nftnl_set_alloc();
	NameReading reading = { family, ours };
	ForwardRequest request;

	nftnl_set_set_str(set, NFTNL_SET_TABLE, FORWARD_TABLE);
	nftnl_set_nlmsg_build_payload(forward_request_all(&request, family, NFT_MSG_GETSET), set);
	return host->ops->nft_dump(host, &request.header, each_set, &reading, error);
}

gboolean forward_sets_read(HostlerHost *host, ForwardFamily family, ForwardTable *ours, const GArray *keys,
			   GError **error)
{
	if (!read_names(host, family, ours, error))
		return FALSE;
	for (ForwardSet set = 0; set < FORWARD_N_SETS; set++) {
		SetReading reading = { family, set, ours->elements };

		if ((ours->sets & 1u << set) == 0)
			continue;
		if (keys == NULL ? !read_set(host, &reading, error) : !read_keys(host, &reading, keys, error))
			return FALSE;
	}
	g_array_sort(ours->elements, forward_element_compare);
	if (keys != NULL) {
		g_autoptr(GArray) read = ours->elements;

		ours->elements = forward_elements_at(read, keys);
	}
	return TRUE;
}
