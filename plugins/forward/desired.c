/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state that the kernel is to be in, from the spans of all VMs. Pure. */
#include "plugins/forward/desired.h"

#include <string.h>

ForwardDesired *forward_desired_new(void)
{
	ForwardDesired *desired = g_new0(ForwardDesired, 1);

	for (guint i = 0; i < FORWARD_N_FAMILIES; i++) {
		desired->tables[i].elements = g_array_new(FALSE, TRUE, sizeof(ForwardElement));
		desired->tables[i].bridges = g_ptr_array_new_with_free_func(g_free);
		desired->tables[i].guarded = g_ptr_array_new_with_free_func(g_free);
	}
	return desired;
}

void forward_desired_free(ForwardDesired *desired)
{
	for (guint i = 0; i < FORWARD_N_FAMILIES; i++) {
		g_array_unref(desired->tables[i].elements);
		g_ptr_array_unref(desired->tables[i].bridges);
		g_ptr_array_unref(desired->tables[i].guarded);
	}
	g_free(desired);
}

gboolean forward_desired_is_empty(const ForwardDesired *desired)
{
	return desired->tables[FORWARD_IP].elements->len == 0 && desired->tables[FORWARD_IP6].elements->len == 0 &&
	       desired->tables[FORWARD_IP].guarded->len == 0;
}

static void add_bridge(GPtrArray *bridges, const char *bridge)
{
	if (!g_ptr_array_find_with_equal_func(bridges, bridge, g_str_equal, NULL))
		g_ptr_array_add(bridges, g_strdup(bridge));
}

/* --- one span: an element for each port in each set that it concerns --- */

guint8 forward_protocol_number(HostlerProto proto)
{
	static const guint8 numbers[] = {
		[HOSTLER_PROTO_TCP] = IPPROTO_TCP, [HOSTLER_PROTO_UDP] = IPPROTO_UDP,
		[HOSTLER_PROTO_SCTP] = IPPROTO_SCTP
	};

	return numbers[proto];
}

static void add_ports(GArray *elements, const ForwardElement *first, const ForwardSpan *span, ForwardSet set)
{
	ForwardElement element = *first;

	element.set = set;
	for (guint port = span->start; port <= span->end; port++) {
		element.port = element.last_port = (guint16)port;
		element.guest_port = forward_sets[set].is_map ? (guint16)(span->to + (port - span->start)) : 0;
		g_array_append_val(elements, element);
	}
}

static gboolean is_within(const GArray *nets, const ForwardNet *net)
{
	for (guint i = 0; i < nets->len; i++) {
		const ForwardNet *other = &g_array_index(nets, ForwardNet, i);

		if (other->prefix <= net->prefix && forward_net_holds(other, &net->address))
			return TRUE;
	}
	return FALSE;
}

static gint compare_prefixes(gconstpointer a, gconstpointer b)
{
	return (gint)((const ForwardNet *)a)->prefix - (gint)((const ForwardNet *)b)->prefix;
}

/* Two networks that share an address are one within the other: the kernel takes
 * no intervals that overlap. */
static GArray *read_sources(const char *sources)
{
	g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(ForwardNet));
	GArray *nets = g_array_new(FALSE, TRUE, sizeof(ForwardNet));
	g_auto(GStrv) texts = g_strsplit(sources, ",", -1);

	for (guint i = 0; texts[i] != NULL; i++) {
		ForwardNet net;

		if (forward_net_read(texts[i], &net))
			g_array_append_val(all, net);
	}
	g_array_sort(all, compare_prefixes);
	for (guint i = 0; i < all->len; i++) {
		if (!is_within(nets, &g_array_index(all, ForwardNet, i)))
			g_array_append_val(nets, g_array_index(all, ForwardNet, i));
	}
	return nets;
}

static void add_sources(GArray *elements, const ForwardElement *first, const ForwardSpan *span, ForwardSet set)
{
	g_autoptr(GArray) nets = read_sources(span->sources);
	ForwardElement element = *first;

	element.set = set;
	element.port = span->start;
	element.last_port = span->end;
	for (guint i = 0; i < nets->len; i++) {
		element.source = g_array_index(nets, ForwardNet, i);
		g_array_append_val(elements, element);
	}
}

static void add_limits(GArray *elements, const ForwardElement *first, const ForwardSpan *span)
{
	gboolean bound = span->address.family != AF_UNSPEC;
	ForwardElement limited = *first;

	if (span->sources != NULL) {
		add_ports(elements, first, span, bound ? FORWARD_SET_ADDRESS_LIMITED : FORWARD_SET_LIMITED);
		add_sources(elements, first, span, bound ? FORWARD_SET_ADDRESS_SOURCES : FORWARD_SET_SOURCES);
	}
	g_strlcpy(limited.rate, span->rate, sizeof(limited.rate));
	if (*span->rate != '\0')
		add_ports(elements, &limited, span, bound ? FORWARD_SET_ADDRESS_RATES : FORWARD_SET_RATES);
}

static void add_span(GArray *elements, const char *uuid, const ForwardSpan *span, gboolean open)
{
	gboolean bound = span->address.family != AF_UNSPEC;
	ForwardElement element = { .address = span->address, .protocol = forward_protocol_number(span->proto) };
	ForwardElement led;

	g_strlcpy(element.uuid, uuid, sizeof(element.uuid));
	add_ports(elements, &element, span, FORWARD_SET_TAKEN);
	if (!open)
		return;
	add_limits(elements, &element, span);
	if (bound)
		add_ports(elements, &element, span, FORWARD_SET_BOUND);
	led = element;
	led.guest = span->guest;
	led.net = span->net;
	add_ports(elements, &led, span, bound ? FORWARD_SET_ADDRESS_PORTS : FORWARD_SET_PORTS);
}

void forward_desired_add(ForwardDesired *desired, const char *uuid, const GArray *spans)
{
	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);
		ForwardDesiredTable *table = &desired->tables[forward_family_of(span->family)];

		add_bridge(table->bridges, span->bridge);
		add_span(table->elements, uuid, span, TRUE);
	}
}

void forward_desired_reserve(ForwardDesired *desired, const char *uuid, const GArray *spans)
{
	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);

		add_span(desired->tables[forward_family_of(span->family)].elements, uuid, span, FALSE);
	}
}

void forward_desired_guard(ForwardDesired *desired, const GPtrArray *bridges)
{
	for (guint i = 0; i < bridges->len; i++)
		g_ptr_array_add(desired->tables[FORWARD_IP].guarded, g_strdup(g_ptr_array_index(bridges, i)));
}

/* Limits go with the ports that they limit; what the table needs for them is said all the same. */
static void keep_first_port(ForwardSpan *span)
{
	span->end = span->start;
	span->sources = NULL;
	*span->rate = '\0';
}

static guint span_features(const ForwardSpan *span)
{
	return (span->address.family != AF_UNSPEC ? FORWARD_WITH_ADDRESSES : 0) |
	       (span->sources != NULL || *span->rate != '\0' ? FORWARD_WITH_LIMITS : 0);
}

void forward_desired_probe(ForwardDesired *desired, const char *uuid, const GArray *spans, gboolean open)
{
	g_autoptr(GArray) firsts = g_array_copy((GArray *)spans);

	for (guint i = 0; i < firsts->len; i++) {
		ForwardSpan *span = &g_array_index(firsts, ForwardSpan, i);

		if (open)
			desired->tables[forward_family_of(span->family)].features |= span_features(span);
		keep_first_port(span);
	}
	if (open)
		forward_desired_add(desired, uuid, firsts);
	else
		forward_desired_reserve(desired, uuid, firsts);
}

/* --- all of them --- */

static gint compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Intervals of two VMs that want the same ports are not the same key. */
static gboolean repeats(const ForwardElement *before, const ForwardElement *element)
{
	return forward_element_compare(before, element) == 0 ||
	       (forward_sets[element->set].by_source && before->set == element->set &&
		!g_str_equal(before->uuid, element->uuid) && before->protocol == element->protocol &&
		forward_address_compare(&before->address, &element->address) == 0 &&
		element->port <= before->last_port);
}

/* Nobody's limits are there for nothing: without a forward with limits the set
 * that holds them apart is not either. */
static gboolean is_needless(const ForwardElement *element, guint features)
{
	return (forward_sets[element->set].features & ~features) != 0;
}

static guint keep_first(GArray *elements, guint features)
{
	guint kept = 0, n_taken = 0;

	for (guint i = 0; i < elements->len; i++) {
		const ForwardElement *element = &g_array_index(elements, ForwardElement, i);

		if (is_needless(element, features))
			continue;
		if (kept > 0 && repeats(&g_array_index(elements, ForwardElement, kept - 1), element)) {
			n_taken += element->set == FORWARD_SET_TAKEN;
			continue;
		}
		g_array_index(elements, ForwardElement, kept++) = *element;
	}
	g_array_set_size(elements, kept);
	return n_taken;
}

guint forward_desired_finish(ForwardDesired *desired)
{
	guint n_twice = 0;

	for (guint i = 0; i < FORWARD_N_FAMILIES; i++) {
		g_ptr_array_sort(desired->tables[i].bridges, compare_strings);
		/* g_array_sort() is stable: of two that want a port the earlier comes first. */
		g_array_sort(desired->tables[i].elements, forward_element_compare);
		desired->tables[i].features |= forward_elements_features(desired->tables[i].elements) |
					       (desired->tables[i].guarded->len > 0 ? FORWARD_WITH_LOOPBACK : 0);
		n_twice += keep_first(desired->tables[i].elements, desired->tables[i].features);
	}
	return n_twice;
}
