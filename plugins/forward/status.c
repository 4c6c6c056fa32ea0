/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `hostler status` says of forwarded ports: of each where it leads, and whether
 * nf_tables holds what the records say. */
#include "plugins/forward/status.h"

#include "plugins/forward/change.h"
#include "plugins/forward/stays.h"

static void show_span(const HostlerSink *sink, const HostlerRecord *stay, const ForwardSpan *span)
{
	char guest[FORWARD_ADDRESS_LENGTH];
	g_autofree char *ports = forward_span_shown(span);
	g_autofree char *text = NULL;

	if (forward_span_floats(span))
		text = g_strdup_printf("waits for the guest's address on %s, for its port %u", span->bridge, span->to);
	else
		text = g_strdup_printf("to %s port %u on, by %s", forward_address_text(&span->guest, guest), span->to,
				       span->bridge);
	sink->line(sink->data, stay, "forward", ports, text);
}

static void show_stay(HostlerHost *host, const HostlerSink *sink, const HostlerRecord *stay,
		      const ForwardRuleset *ruleset)
{
	g_autoptr(GArray) spans = forward_stay_spans(stay);

	forward_stay_find_guests(host, stay, spans, ruleset->elements);
	for (guint i = 0; i < spans->len; i++)
		show_span(sink, stay, &g_array_index(spans, ForwardSpan, i));
}

static void show_kernel(HostlerHost *host, const HostlerSink *sink, const GPtrArray *stays,
			const ForwardRuleset *ruleset)
{
	g_autoptr(ForwardDesired) desired = forward_stays_desired(host, stays, ruleset->elements);
	g_autoptr(GArray) changes = forward_changes(desired, ruleset);
	g_autofree char *text = NULL;

	if (ruleset->has_table && !ruleset->is_ours)
		text = g_strdup("table 'ip hostler' is not hostler's; remove it: nft delete table ip hostler");
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
	g_autoptr(ForwardRuleset) ruleset = forward_ruleset_read(host, &error);
	g_autoptr(ForwardRuleset) nothing = forward_ruleset_new();

	for (guint i = 0; i < stays->len; i++)
		show_stay(host, sink, g_ptr_array_index(stays, i), ruleset != NULL ? ruleset : nothing);
	if (ruleset != NULL)
		show_kernel(host, sink, stays, ruleset);
	else
		sink->line(sink->data, NULL, "forward", "nf_tables", error->message);
}
