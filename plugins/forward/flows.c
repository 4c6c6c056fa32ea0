/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tracked connections keep the way that their first packet took; a UDP sender who
 * is never silent would never come to the guest, or never leave it. */
#include "plugins/forward/flows.h"

#include <libmnl/libmnl.h>

#include "hostler/error.h"
#include "hostler/log.h"
#include "plugins/forward/flow.h"

typedef struct {
	GArray *removed; /* ForwardElement, in their order */
	GArray *added;   /* likewise, of UDP */
	GStrv addresses; /* of the host; NULL: not known */
	gboolean forwarded; /* which were asked for */
	GPtrArray *deletions; /* struct nlmsghdr, of each the request */
} Search;

/* --- which ports --- */

/* Elements of `these` that are not the same in `others`; of one protocol, or of each (0). */
static GArray *subtract(const GArray *these, const GArray *others, guint8 protocol)
{
	GArray *rest = g_array_new(FALSE, TRUE, sizeof(ForwardElement));
	guint j = 0;

	for (guint i = 0; i < these->len; i++) {
		const ForwardElement *element = &g_array_index(these, ForwardElement, i);

		if (!forward_sets[element->set].is_map || (protocol != 0 && element->protocol != protocol))
			continue;
		while (j < others->len &&
		       forward_element_compare(&g_array_index(others, ForwardElement, j), element) < 0)
			j++;
		if (j >= others->len || !forward_element_equal(&g_array_index(others, ForwardElement, j), element))
			g_array_append_val(rest, *element);
	}
	return rest;
}

/* --- which connections --- */

static const ForwardElement *find(const GArray *elements, const ForwardFlow *flow, ForwardSet set)
{
	ForwardElement key = {
		.set = set, .protocol = flow->protocol, .port = flow->port, .last_port = flow->port
	};
	guint place;

	if (forward_sets[set].by_address)
		key.address = flow->address;
	return g_array_binary_search((GArray *)elements, &key, forward_element_compare, &place) ?
		       &g_array_index(elements, ForwardElement, place) :
		       NULL;
}

static gboolean led(const ForwardElement *element, const ForwardFlow *flow)
{
	return element != NULL && element->guest_port == flow->guest_port &&
	       forward_address_compare(&element->guest, &flow->guest) == 0;
}

static gboolean is_for_us(const Search *search, const ForwardFlow *flow)
{
	char text[FORWARD_ADDRESS_LENGTH];

	return search->addresses != NULL &&
	       g_strv_contains((const char *const *)search->addresses, forward_address_text(&flow->address, text));
}

static gboolean is_to_end(const Search *search, const ForwardFlow *flow)
{
	if (flow->forwarded)
		return led(find(search->removed, flow, FORWARD_SET_ADDRESS_PORTS), flow) ||
		       led(find(search->removed, flow, FORWARD_SET_PORTS), flow);
	return (find(search->added, flow, FORWARD_SET_ADDRESS_PORTS) != NULL ||
		find(search->added, flow, FORWARD_SET_PORTS) != NULL) &&
	       is_for_us(search, flow);
}

static int each_flow(const struct nlmsghdr *message, void *data)
{
	ForwardFlowRequest deletion;
	Search *search = data;
	ForwardFlow flow;

	if (!forward_flow_read(message, &flow) || flow.forwarded != search->forwarded || !is_to_end(search, &flow))
		return MNL_CB_OK;
	if (forward_flow_delete(&deletion, message))
		g_ptr_array_add(search->deletions, g_memdup2(&deletion, deletion.header.nlmsg_len));
	return MNL_CB_OK;
}

static int each_answer(const struct nlmsghdr *message, void *data)
{
	return MNL_CB_OK;
}

/* Whoever sends can make thousands of them, and the firewall's lock is ours meanwhile. */
static gboolean has_time(HostlerHost *host, guint n_left, GError **error)
{
	if (hostler_host_time_left(host) > 0)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE, "there is no time left for %u of them", n_left);
	return FALSE;
}

static gboolean end_found(HostlerHost *host, const GPtrArray *deletions, GError **error)
{
	for (guint i = 0; i < deletions->len; i++) {
		if (!has_time(host, deletions->len - i, error) ||
		    !host->ops->nft_dump(host, g_ptr_array_index(deletions, i), each_answer, NULL, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean end_flows(HostlerHost *host, ForwardFamily family, Search *search, GError **error)
{
	g_autoptr(GPtrArray) deletions = g_ptr_array_new_with_free_func(g_free);
	ForwardFlowRequest request;

	search->deletions = deletions;
	forward_flow_ask(&request, family, search->forwarded);
	return host->ops->nft_dump(host, &request.header, each_flow, search, error) &&
	       end_found(host, deletions, error);
}

/* Each kind for itself: who sends so much of the one that it cannot be listed does not save the other. */
static void try_end_flows(HostlerHost *host, ForwardFamily family, gboolean forwarded, Search *search)
{
	g_autoptr(GError) error = NULL;

	search->forwarded = forwarded;
	if ((forwarded ? search->removed : search->added)->len > 0 && !end_flows(host, family, search, &error))
		hostler_log(G_LOG_LEVEL_INFO, "forward-flows", NULL,
			    "connections of ports that changed go on as they were until they are silent: %s",
			    error->message);
}

void forward_flows_end(HostlerHost *host, ForwardFamily family, const GArray *held, const GArray *known)
{
	g_autoptr(GArray) removed = subtract(held, known, 0);
	g_autoptr(GArray) added = subtract(known, held, IPPROTO_UDP);
	g_auto(GStrv) addresses = NULL;
	Search search = { .removed = removed, .added = added };

	if (added->len > 0)
		search.addresses = addresses = host->ops->addresses(host, NULL);
	try_end_flows(host, family, TRUE, &search);
	try_end_flows(host, family, FALSE, &search);
}
