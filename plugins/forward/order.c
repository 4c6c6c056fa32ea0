/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements beside elements: their order, what is the same, and what is kept of
 * those that the kernel has. Pure. */
#include <string.h>

#include "plugins/forward/desired.h"

static gint compare_keys(const ForwardElement *x, const ForwardElement *y)
{
	if (x->protocol != y->protocol)
		return (gint)x->protocol - (gint)y->protocol;
	if (x->port != y->port)
		return (gint)x->port - (gint)y->port;
	return (gint)x->last_port - (gint)y->last_port;
}

static gint compare_sources(const ForwardNet *x, const ForwardNet *y)
{
	gint by_address = forward_address_compare(&x->address, &y->address);

	return by_address != 0 ? by_address : (gint)x->prefix - (gint)y->prefix;
}

gint forward_element_compare(gconstpointer a, gconstpointer b)
{
	const ForwardElement *x = a;
	const ForwardElement *y = b;
	gint by_address = forward_address_compare(&x->address, &y->address);
	gint by_key = compare_keys(x, y);

	if (x->set != y->set)
		return (gint)x->set - (gint)y->set;
	if (by_address != 0)
		return by_address;
	return by_key != 0 ? by_key : compare_sources(&x->source, &y->source);
}

gboolean forward_element_equal(const ForwardElement *a, const ForwardElement *b)
{
	return forward_element_compare(a, b) == 0 && forward_address_compare(&a->guest, &b->guest) == 0 &&
	       a->guest_port == b->guest_port && g_str_equal(a->rate, b->rate) && g_str_equal(a->uuid, b->uuid);
}

guint forward_elements_features(const GArray *elements)
{
	guint features = 0;

	for (guint i = 0; i < elements->len; i++) {
		ForwardSet set = g_array_index(elements, ForwardElement, i).set;

		if (set == FORWARD_SET_ADDRESS_PORTS)
			features |= FORWARD_WITH_ADDRESSES;
		if (set >= FORWARD_SET_LIMITED)
			features |= FORWARD_WITH_LIMITS;
	}
	return features;
}

static gboolean fits(const ForwardElement *wanted, const ForwardElement *held)
{
	return wanted->guest_port == held->guest_port && forward_net_suits_guest(&wanted->net, &held->guest);
}

static void take_over(ForwardElement *wanted, const ForwardElement *held)
{
	if (g_str_equal(wanted->uuid, held->uuid) && wanted->guest.family == AF_UNSPEC && fits(wanted, held))
		wanted->guest = held->guest;
}

/* --- what was counted --- */

/* 0: they share a port. */
static gint compare_reaches(gconstpointer a, gconstpointer b)
{
	const ForwardElement *x = a;
	const ForwardElement *y = b;
	gint by_address = forward_address_compare(&x->address, &y->address);

	if (x->set != y->set)
		return (gint)x->set - (gint)y->set;
	if (by_address != 0 || x->protocol != y->protocol)
		return by_address != 0 ? by_address : (gint)x->protocol - (gint)y->protocol;
	return x->last_port < y->port ? -1 : x->port > y->last_port;
}

/* An older hostler counted where each port leads. */
static void take_count(GArray *desired, const ForwardElement *held)
{
	ForwardElement reach = *held, *wanted;
	guint place;

	reach.set = forward_set_of_taken(held->protocol, held->address.family != AF_UNSPEC);
	if (!g_array_binary_search(desired, &reach, compare_reaches, &place))
		return;
	wanted = &g_array_index(desired, ForwardElement, place);
	if (!g_str_equal(wanted->uuid, held->uuid))
		return;
	wanted->connections += held->connections;
	wanted->bytes += held->bytes;
}

static void take_counts(GArray *desired, const GArray *held)
{
	for (guint i = 0; i < held->len; i++) {
		const ForwardElement *element = &g_array_index(held, ForwardElement, i);

		if (element->connections > 0)
			take_count(desired, element);
	}
}

void forward_elements_know(GArray *desired, const GArray *held)
{
	guint j = 0, known = 0;

	take_counts(desired, held);
	for (guint i = 0; i < desired->len; i++) {
		ForwardElement *element = &g_array_index(desired, ForwardElement, i);

		while (j < held->len && forward_element_compare(&g_array_index(held, ForwardElement, j), element) < 0)
			j++;
		if (j < held->len && forward_element_compare(&g_array_index(held, ForwardElement, j), element) == 0)
			take_over(element, &g_array_index(held, ForwardElement, j));
		if (forward_sets[element->set].is_map && element->guest.family == AF_UNSPEC)
			continue;
		if (known < i)
			g_array_index(desired, ForwardElement, known) = *element;
		known++;
	}
	g_array_set_size(desired, known);
}

GArray *forward_elements_at(const GArray *elements, const GArray *keys)
{
	GArray *some = g_array_new(FALSE, TRUE, sizeof(ForwardElement));
	guint j = 0;

	for (guint i = 0; i < elements->len; i++) {
		const ForwardElement *element = &g_array_index(elements, ForwardElement, i);

		while (j < keys->len && forward_element_compare(&g_array_index(keys, ForwardElement, j), element) < 0)
			j++;
		if (forward_sets[element->set].spans_of != 0 ||
		    (j < keys->len && forward_element_compare(&g_array_index(keys, ForwardElement, j), element) == 0))
			g_array_append_val(some, *element);
	}
	return some;
}
