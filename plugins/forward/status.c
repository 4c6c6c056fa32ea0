/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `hostler status` says of forwarded ports: of each where it leads, and whether
 * nf_tables holds what the records say. */
#include "plugins/forward/status.h"

#include "plugins/forward/change.h"
#include "plugins/forward/find.h"
#include "plugins/forward/obstacle.h"
#include "plugins/forward/reserve.h"
#include "plugins/forward/stays.h"

static gboolean is_of(const ForwardElement *element, const HostlerRecord *stay, const ForwardSpan *span)
{
	return g_str_equal(element->uuid, stay->uuid) && element->protocol == forward_protocol_number(span->proto) &&
	       element->port >= span->start && element->port <= span->end &&
	       forward_address_compare(&element->address, &span->address) == 0;
}

/* What nf_tables has counted on all ports of the span; a table of an older hostler has it with each of them. */
static guint64 count_connections(const ForwardRuleset *ruleset, const HostlerRecord *stay, const ForwardSpan *span)
{
	const GArray *elements = ruleset->tables[forward_family_of(span->family)].elements;
	guint64 connections = 0;

	for (guint i = 0; i < elements->len; i++) {
		const ForwardElement *element = &g_array_index(elements, ForwardElement, i);

		if (is_of(element, stay, span))
			connections += element->connections;
	}
	return connections;
}

static void show_span(const HostlerSink *sink, const HostlerRecord *stay, const ForwardSpan *span,
		      guint64 connections)
{
	char guest[FORWARD_ADDRESS_LENGTH];
	g_autofree char *ports = forward_span_shown(span);
	g_autofree char *text = NULL;

	if (forward_span_floats(span))
		text = g_strdup_printf("waits for the guest's %s address on %s, for its port %u",
				       span->family == AF_INET6 ? "IPv6" : "IPv4", span->bridge, span->to);
	else
		text = g_strdup_printf("to %s port %u on, by %s, %" G_GUINT64_FORMAT " connections",
				       forward_address_text(&span->guest, guest), span->to, span->bridge, connections);
	sink->line(sink->data, stay, "forward", ports, text);
}

/* The first port of a span stands for all. */
static void show_obstacles(const HostlerSink *sink, const HostlerRecord *stay, const ForwardChains *chains,
			   const ForwardSpan *span)
{
	ForwardPacket packet = { .family = span->family, .out_bridge = span->bridge, .guest = span->guest,
				 .port = span->to };
	g_autofree char *ports = forward_span_shown(span);
	g_autoptr(GPtrArray) obstacles = NULL;

	packet.protocol = forward_protocol_number(span->proto);
	obstacles = forward_obstacles_find(chains, &packet);
	for (guint i = 0; i < obstacles->len; i++) {
		g_autofree char *text = forward_obstacle_text(g_ptr_array_index(obstacles, i), span->bridge);

		sink->line(sink->data, stay, "forward", ports, text);
	}
}

/* A reservation that was made while the guest had a lease waits until that guest asks anew. */
static void show_elsewhere(const HostlerSink *sink, const HostlerRecord *stay, const ForwardSpan *span,
			   ForwardFinder *finder)
{
	char reserved[FORWARD_ADDRESS_LENGTH], leased[FORWARD_ADDRESS_LENGTH];
	g_autofree char *ports = NULL;
	g_autofree char *text = NULL;
	ForwardAddress guest;

	if (forward_span_floats(span) || !forward_find_leased(finder, span, &guest) ||
	    forward_address_compare(&guest, &span->guest) == 0)
		return;
	ports = forward_span_shown(span);
	text = g_strdup_printf("ELSEWHERE: the guest has %s by a lease that runs, and %s, which is reserved for it, when "
			       "it asks anew; mend: renew the lease in the guest, or reboot it",
			       forward_address_text(&guest, leased), forward_address_text(&span->guest, reserved));
	sink->line(sink->data, stay, "forward", ports, text);
}

/* Ports that it asks for and another VM had first, see forward_stays_desired(). */
static void show_taken(HostlerHost *host, const HostlerSink *sink, const HostlerRecord *stay, const GArray *spans,
		       const ForwardRuleset *ruleset)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();

	forward_reserve_check(host, stay->uuid, spans, ruleset, findings);
	for (guint i = 0; i < findings->items->len; i++) {
		const HostlerFinding *finding = g_ptr_array_index(findings->items, i);
		g_autofree char *text = NULL;

		if (finding->severity != HOSTLER_SEVERITY_REFUSE)
			continue;
		text = g_strdup_printf("TAKEN: %s; mend: %s, then: hostler apply VM", finding->text, finding->mend);
		sink->line(sink->data, stay, "forward", finding->subject, text);
	}
}

static void show_stay(HostlerHost *host, const HostlerSink *sink, const HostlerRecord *stay,
		      const ForwardRuleset *ruleset, const ForwardChains *chains)
{
	g_autoptr(GArray) recorded = forward_stay_spans(stay);
	g_autoptr(GArray) spans = g_array_copy(recorded);
	g_autoptr(ForwardFinder) finder = forward_finder_new(host);

	forward_stay_find_guests(host, stay, spans, ruleset);
	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);

		show_span(sink, stay, span, count_connections(ruleset, stay, span));
		show_elsewhere(sink, stay, &g_array_index(recorded, ForwardSpan, i), finder);
		if (chains != NULL)
			show_obstacles(sink, stay, chains, span);
	}
	show_taken(host, sink, stay, spans, ruleset);
}

static void show_kernel(HostlerHost *host, const HostlerSink *sink, const GPtrArray *stays,
			const ForwardRuleset *ruleset)
{
	g_autoptr(ForwardDesired) desired = forward_stays_desired(host, stays, NULL, ruleset);
	const char *foreign = forward_ruleset_foreign(ruleset);
	g_autoptr(GArray) changes = NULL;
	g_autofree char *text = NULL;

	for (ForwardFamily family = 0; family < FORWARD_N_FAMILIES; family++)
		forward_elements_know(desired->tables[family].elements, ruleset->tables[family].elements);
	changes = forward_changes(desired, ruleset);
	if (foreign != NULL)
		text = g_strdup_printf("table '%s' is not hostler's; remove it: nft delete table %s", foreign, foreign);
	else if (changes->len > 0)
		text = g_strdup_printf("differs from the records in %u places; mend: hostler settle", changes->len);
	else
		text = g_strdup("as recorded");
	sink->line(sink->data, NULL, "forward", "nf_tables", text);
}

void forward_status(HostlerHost *host, const HostlerSink *sink)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) stays = forward_stays_open(host);
	g_autoptr(GPtrArray) alive = forward_stays_alive(host);
	g_autoptr(ForwardRuleset) ruleset = forward_ruleset_read(host, NULL, &error);
	g_autoptr(ForwardRuleset) nothing = forward_ruleset_new();
	g_autoptr(ForwardChains) chains = stays->len > 0 ? forward_chains_read(host, NULL) : NULL;

	for (guint i = 0; i < stays->len; i++)
		show_stay(host, sink, g_ptr_array_index(stays, i), ruleset != NULL ? ruleset : nothing, chains);
	if (ruleset != NULL)
		show_kernel(host, sink, alive, ruleset);
	else
		sink->line(sink->data, NULL, "forward", "nf_tables", error->message);
}
