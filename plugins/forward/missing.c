/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM has not yet of the ports that it wants; whether another has them is the
 * kernel's to say. Pure. */
#include "plugins/forward/missing.h"

static void add(GArray *missing, const ForwardElement *element, guint first, guint last)
{
	ForwardElement piece = *element;

	piece.port = (guint16)first;
	piece.last_port = (guint16)last;
	if (first <= last)
		g_array_append_val(missing, piece);
}

/* Of a span as many pieces as there are. Spans come first, in order. */
static void add_pieces(GArray *missing, const ForwardElement *span, const GArray *held)
{
	guint first = span->port;

	for (guint i = 0; i < held->len; i++) {
		const ForwardElement *element = &g_array_index(held, ForwardElement, i);

		if (element->set > span->set || (element->set == span->set && element->port > span->last_port))
			break;
		if (element->set != span->set || element->last_port < first ||
		    !g_str_equal(element->uuid, span->uuid))
			continue;
		if (element->port > first)
			add(missing, span, first, element->port - 1u);
		first = element->last_port + 1u;
	}
	add(missing, span, first, span->last_port);
}

static gboolean is_held(const GArray *held, const ForwardElement *element)
{
	guint place;

	return g_array_binary_search((GArray *)held, element, forward_element_compare, &place) &&
	       forward_element_equal(&g_array_index(held, ForwardElement, place), element);
}

ForwardDesired *forward_missing(const ForwardDesired *wanted, const ForwardRuleset *ruleset)
{
	ForwardDesired *missing = forward_desired_new();

	for (ForwardFamily family = 0; family < FORWARD_N_FAMILIES; family++) {
		const GArray *elements = wanted->tables[family].elements;
		const GArray *held = ruleset->tables[family].elements;

		for (guint i = 0; i < elements->len; i++) {
			const ForwardElement *element = &g_array_index(elements, ForwardElement, i);

			if (forward_sets[element->set].spans_of != 0)
				add_pieces(missing->tables[family].elements, element, held);
			else if (!is_held(held, element))
				g_array_append_val(missing->tables[family].elements, *element);
		}
	}
	return missing;
}
