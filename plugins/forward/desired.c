/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state that the kernel is to be in, from the spans of all VMs. Pure. */
#include "plugins/forward/desired.h"

#include <string.h>

ForwardDesired *forward_desired_new(void)
{
	ForwardDesired *desired = g_new0(ForwardDesired, 1);

	desired->elements = g_array_new(FALSE, TRUE, sizeof(ForwardElement));
	desired->bridges = g_ptr_array_new_with_free_func(g_free);
	return desired;
}

void forward_desired_free(ForwardDesired *desired)
{
	g_array_unref(desired->elements);
	g_ptr_array_unref(desired->bridges);
	g_free(desired);
}

gint forward_element_compare(gconstpointer a, gconstpointer b)
{
	const ForwardElement *x = a;
	const ForwardElement *y = b;
	gint by_address = forward_address_compare(&x->address, &y->address);

	if (by_address != 0)
		return by_address;
	if (x->protocol != y->protocol)
		return (gint)x->protocol - (gint)y->protocol;
	return (gint)x->port - (gint)y->port;
}

gboolean forward_element_equal(const ForwardElement *a, const ForwardElement *b)
{
	return forward_element_compare(a, b) == 0 && forward_address_compare(&a->guest, &b->guest) == 0 &&
	       a->guest_port == b->guest_port && g_str_equal(a->uuid, b->uuid);
}

static gboolean fits(const ForwardElement *wanted, const ForwardElement *held)
{
	return forward_element_compare(wanted, held) == 0 && wanted->guest_port == held->guest_port &&
	       g_str_equal(wanted->uuid, held->uuid) && forward_net_suits_guest(&wanted->net, &held->guest);
}

GArray *forward_elements_known(const GArray *desired, const GArray *held)
{
	GArray *known = g_array_new(FALSE, TRUE, sizeof(ForwardElement));
	guint j = 0;

	for (guint i = 0; i < desired->len; i++) {
		ForwardElement element = g_array_index(desired, ForwardElement, i);

		while (j < held->len && forward_element_compare(&g_array_index(held, ForwardElement, j), &element) < 0)
			j++;
		if (element.guest.family == AF_UNSPEC && j < held->len &&
		    fits(&element, &g_array_index(held, ForwardElement, j)))
			element.guest = g_array_index(held, ForwardElement, j).guest;
		if (element.guest.family != AF_UNSPEC)
			g_array_append_val(known, element);
	}
	return known;
}

static void add_bridge(GPtrArray *bridges, const char *bridge)
{
	if (!g_ptr_array_find_with_equal_func(bridges, bridge, g_str_equal, NULL))
		g_ptr_array_add(bridges, g_strdup(bridge));
}

static void add_span(GArray *elements, const char *uuid, const ForwardSpan *span)
{
	ForwardElement element = {
		.address = span->address,
		.protocol = span->proto == HOSTLER_PROTO_TCP ? IPPROTO_TCP : IPPROTO_UDP,
		.guest = span->guest,
		.net = span->net,
	};

	g_strlcpy(element.uuid, uuid, sizeof(element.uuid));
	for (guint port = span->start; port <= span->end; port++) {
		element.port = (guint16)port;
		element.guest_port = (guint16)(span->to + (port - span->start));
		g_array_append_val(elements, element);
	}
}

void forward_desired_add(ForwardDesired *desired, const char *uuid, const GArray *spans)
{
	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);

		add_bridge(desired->bridges, span->bridge);
		add_span(desired->elements, uuid, span);
	}
}

static gint compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

guint forward_desired_finish(ForwardDesired *desired)
{
	GArray *elements = desired->elements;
	guint kept = 0, wanted = elements->len;

	g_ptr_array_sort(desired->bridges, compare_strings);
	/* g_array_sort() is stable: of two that want a port the earlier comes first. */
	g_array_sort(elements, forward_element_compare);
	for (guint i = 0; i < wanted; i++) {
		const ForwardElement *element = &g_array_index(elements, ForwardElement, i);

		if (kept > 0 &&
		    forward_element_compare(&g_array_index(elements, ForwardElement, kept - 1), element) == 0)
			continue;
		g_array_index(elements, ForwardElement, kept++) = *element;
	}
	g_array_set_size(elements, kept);
	return wanted - kept;
}

gboolean forward_desired_has_addresses(const ForwardDesired *desired)
{
	guint n = desired->elements->len;

	return n > 0 && g_array_index(desired->elements, ForwardElement, n - 1).address.family != AF_UNSPEC;
}
