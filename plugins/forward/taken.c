/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has a port that somebody else wants, and in which words it is said. Pure. */
#include "plugins/forward/taken.h"

#include <string.h>

/* A check that lists thousands of ports helps nobody. */
#define MOST_CLASHES 16

typedef struct {
	const char *uuid;
	const GArray *held;
	GArray *clashes;
} Search;

static const ForwardElement *find_held(const GArray *held, const ForwardElement *key)
{
	guint place;

	return g_array_binary_search((GArray *)held, key, forward_element_compare, &place) ?
		       &g_array_index(held, ForwardElement, place) :
		       NULL;
}

/* The span that a port of every address lies in. Spans come first. */
static const ForwardElement *find_span(const GArray *elements, const ForwardElement *key)
{
	for (guint i = 0; i < elements->len; i++) {
		const ForwardElement *element = &g_array_index(elements, ForwardElement, i);

		if (forward_sets[element->set].spans_of == 0)
			break;
		if (forward_sets[element->set].spans_of == key->protocol && element->port <= key->port &&
		    key->port <= element->last_port)
			return element;
	}
	return NULL;
}

static gboolean follows(const ForwardClash *clash, const ForwardElement *wanted, const ForwardElement *held)
{
	return clash->first.protocol == wanted->protocol && clash->last_port + 1 == wanted->port &&
	       forward_address_compare(&clash->first.address, &wanted->address) == 0 &&
	       forward_address_compare(&clash->address, &held->address) == 0 && g_str_equal(clash->uuid, held->uuid);
}

static void add_clash(Search *search, const ForwardElement *wanted, const ForwardElement *held)
{
	ForwardClash clash = { *wanted, wanted->last_port, held->uuid, held->address };
	ForwardClash *last = search->clashes->len > 0 ?
		&g_array_index(search->clashes, ForwardClash, search->clashes->len - 1) : NULL;

	if (g_str_equal(held->uuid, search->uuid))
		return;
	if (last != NULL && follows(last, wanted, held))
		last->last_port = wanted->last_port;
	else if (search->clashes->len < MOST_CLASHES)
		g_array_append_val(search->clashes, clash);
}

static void find_overlaps(Search *search, const ForwardElement *wanted)
{
	for (guint i = 0; i < search->held->len; i++) {
		const ForwardElement *held = &g_array_index(search->held, ForwardElement, i);
		ForwardElement both = *wanted;

		if (held->set > wanted->set)
			break;
		both.port = MAX(wanted->port, held->port);
		both.last_port = MIN(wanted->last_port, held->last_port);
		if (held->set == wanted->set && both.port <= both.last_port)
			add_clash(search, &both, held);
	}
}

static void find_same(Search *search, const ForwardElement *wanted)
{
	const ForwardElement *held = find_held(search->held, wanted);

	if (held != NULL)
		add_clash(search, wanted, held);
}

static void find_of_every_address(Search *search, const ForwardElement *wanted)
{
	const ForwardElement *held = find_span(search->held, wanted);

	if (held != NULL)
		add_clash(search, wanted, held);
}

/* What others have of single addresses and we want of every address. */
static void find_of_one_address(Search *search, const GArray *wanted)
{
	for (guint i = 0; i < search->held->len; i++) {
		const ForwardElement *held = &g_array_index(search->held, ForwardElement, i);

		if (held->set == FORWARD_SET_TAKEN_ADDRESS && find_span(wanted, held) != NULL)
			add_clash(search, held, held);
	}
}

static void find_in_family(Search *search, const GArray *wanted, gboolean across)
{
	for (guint i = 0; i < wanted->len; i++) {
		const ForwardElement *element = &g_array_index(wanted, ForwardElement, i);

		if (forward_sets[element->set].spans_of != 0 && !across)
			find_overlaps(search, element);
		else if (element->set == FORWARD_SET_TAKEN_ADDRESS && !across)
			find_same(search, element);
		else if (element->set == FORWARD_SET_TAKEN_ADDRESS)
			find_of_every_address(search, element);
	}
	if (across)
		find_of_one_address(search, wanted);
}

GArray *forward_taken_find(const ForwardDesired *wanted, const char *uuid, const ForwardRuleset *ruleset,
			   gboolean across)
{
	Search search = { .uuid = uuid, .clashes = g_array_new(FALSE, TRUE, sizeof(ForwardClash)) };

	for (ForwardFamily family = 0; family < FORWARD_N_FAMILIES; family++) {
		search.held = ruleset->tables[family].elements;
		find_in_family(&search, wanted->tables[family].elements, across);
	}
	return search.clashes;
}

/* --- in words --- */

static HostlerProto proto_of(guint8 protocol)
{
	HostlerProto proto = HOSTLER_PROTO_TCP;

	while (forward_protocol_number(proto) != protocol && proto + 1 < HOSTLER_N_PROTOS)
		proto++;
	return proto;
}

static char *shown(const ForwardClash *clash)
{
	ForwardSpan span = {
		.proto = proto_of(clash->first.protocol), .address = clash->first.address,
		.start = clash->first.port, .end = clash->last_port
	};

	return forward_span_shown(&span);
}

static void refuse(const ForwardClash *clash, const char *name, HostlerFindings *findings)
{
	g_autofree char *ports = shown(clash);

	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_TAKEN, ports,
			     "shut that VM down, or give this one another start= in <range>: virsh edit VM",
			     "%s of the host is forwarded to VM '%s' already", ports, name);
}

static void advise(const ForwardClash *clash, const char *name, HostlerFindings *findings)
{
	gboolean ours_beats = clash->address.family == AF_UNSPEC;
	g_autofree char *ports = shown(clash);

	hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_FORWARD_TAKEN, ports,
			     "give one of the two another start= in <range>, if that is not meant: virsh edit VM",
			     ours_beats ? "%s of the host goes to this VM, that of the other addresses to VM '%s'" :
					  "%s of the host goes to VM '%s', that of the other addresses to this VM",
			     ports, name);
}

void forward_taken_say(const GArray *clashes, gboolean across, ForwardNameFunc name, gpointer data,
		       HostlerFindings *findings)
{
	for (guint i = 0; i < clashes->len; i++) {
		const ForwardClash *clash = &g_array_index(clashes, ForwardClash, i);
		g_autofree char *vm = name(data, clash->uuid);

		if (across)
			advise(clash, vm, findings);
		else
			refuse(clash, vm, findings);
	}
}
