/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state that the kernel is to be in, from the spans of all VMs. Pure. */
#include "plugins/forward/desired.h"

#include <string.h>

#define N_PORTS 65536

ForwardDesired *forward_desired_new(void)
{
	ForwardDesired *desired = g_new0(ForwardDesired, 1);

	for (guint i = 0; i < FORWARD_N_FAMILIES; i++) {
		desired->tables[i].elements = g_array_new(FALSE, FALSE, sizeof(ForwardElement));
		desired->tables[i].bridges = g_ptr_array_new_with_free_func(g_free);
		desired->tables[i].guarded = g_ptr_array_new_with_free_func(g_free);
		desired->tables[i].had = g_malloc0(N_PORTS);
	}
	return desired;
}

void forward_desired_free(ForwardDesired *desired)
{
	for (guint i = 0; i < FORWARD_N_FAMILIES; i++) {
		g_array_unref(desired->tables[i].elements);
		g_ptr_array_unref(desired->tables[i].bridges);
		g_ptr_array_unref(desired->tables[i].guarded);
		g_free(desired->tables[i].had);
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

/* The last port of all stands alone: its interval has no end in the kernel, which does not see that
 * another lies within one without an end. */
static void add_stretch(GArray *elements, const ForwardElement *first, guint16 start, guint16 end)
{
	ForwardElement element = *first;

	element.port = start;
	element.last_port = end == G_MAXUINT16 && start < end ? (guint16)(end - 1) : end;
	g_array_append_val(elements, element);
	element.port = element.last_port = end;
	if (end == G_MAXUINT16 && start < end)
		g_array_append_val(elements, element);
}

/* What no VM had before, in as many pieces. */
static void add_taken(ForwardDesiredTable *table, const ForwardElement *first, const ForwardSpan *span)
{
	guint8 bit = (guint8)(1u << span->proto);
	ForwardElement element = *first;
	guint port = span->start;

	element.set = forward_set_of_taken(element.protocol, FALSE);
	while (port <= span->end) {
		guint start = port;

		for (; port <= span->end && (table->had[port] & bit) == 0; port++)
			table->had[port] |= bit;
		if (port > start)
			add_stretch(table->elements, &element, (guint16)start, (guint16)(port - 1));
		for (; port <= span->end && (table->had[port] & bit) != 0; port++)
			table->n_twice++;
	}
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

/* What every element of a span has. */
static ForwardElement new_element(const char *uuid, const ForwardSpan *span)
{
	ForwardElement element = { .address = span->address, .protocol = forward_protocol_number(span->proto) };

	g_strlcpy(element.uuid, uuid, sizeof(element.uuid));
	return element;
}

static void reserve_span(ForwardDesiredTable *table, const char *uuid, const ForwardSpan *span)
{
	ForwardElement element = new_element(uuid, span);

	if (span->address.family != AF_UNSPEC)
		add_ports(table->elements, &element, span, FORWARD_SET_TAKEN_ADDRESS);
	else
		add_taken(table, &element, span);
}

static void open_span(ForwardDesiredTable *table, const char *uuid, const ForwardSpan *span)
{
	gboolean bound = span->address.family != AF_UNSPEC;
	ForwardElement element = new_element(uuid, span);

	add_limits(table->elements, &element, span);
	if (bound)
		add_ports(table->elements, &element, span, FORWARD_SET_BOUND);
	element.guest = span->guest;
	element.net = span->net;
	add_ports(table->elements, &element, span, bound ? FORWARD_SET_ADDRESS_PORTS : FORWARD_SET_PORTS);
}

void forward_desired_add(ForwardDesired *desired, const char *uuid, const GArray *spans)
{
	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);
		ForwardDesiredTable *table = &desired->tables[forward_family_of(span->family)];

		add_bridge(table->bridges, span->bridge);
		reserve_span(table, uuid, span);
		open_span(table, uuid, span);
	}
}

void forward_desired_reserve(ForwardDesired *desired, const char *uuid, const GArray *spans)
{
	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);

		reserve_span(&desired->tables[forward_family_of(span->family)], uuid, span);
	}
}

void forward_desired_guard(ForwardDesired *desired, const GPtrArray *bridges)
{
	for (guint i = 0; i < bridges->len; i++)
		g_ptr_array_add(desired->tables[FORWARD_IP].guarded, g_strdup(g_ptr_array_index(bridges, i)));
}

/* Limits go with the ports that they limit; what the table needs for them is said all the same. */
static ForwardSpan first_port(const ForwardSpan *span)
{
	ForwardSpan first = *span;

	first.end = first.start;
	first.sources = NULL;
	*first.rate = '\0';
	return first;
}

static guint span_features(const ForwardSpan *span)
{
	return (span->address.family != AF_UNSPEC ? FORWARD_WITH_ADDRESSES : 0) |
	       (span->sources != NULL || *span->rate != '\0' ? FORWARD_WITH_LIMITS : 0);
}

static void probe_span(ForwardDesiredTable *table, const char *uuid, const ForwardSpan *span, gboolean open)
{
	ForwardSpan first = first_port(span);

	reserve_span(table, uuid, span->address.family != AF_UNSPEC ? &first : span);
	if (!open)
		return;
	table->features |= span_features(span);
	add_bridge(table->bridges, span->bridge);
	open_span(table, uuid, &first);
}

void forward_desired_probe(ForwardDesired *desired, const char *uuid, const GArray *spans, gboolean open)
{
	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);

		probe_span(&desired->tables[forward_family_of(span->family)], uuid, span, open);
	}
}
