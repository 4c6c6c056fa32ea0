/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The difference between desired state and kernel, as steps. Pure. */
#include "plugins/forward/change.h"

static void add_table_change(GArray *changes, ForwardChangeKind kind, gboolean by_address)
{
	ForwardChange change = { .kind = kind, .by_address = by_address };

	g_array_append_val(changes, change);
}

static void add_element_change(GArray *changes, ForwardChangeKind kind, const ForwardElement *element)
{
	ForwardChange change = { .kind = kind, .element = *element };

	g_array_append_val(changes, change);
}

static void add_deletion(GArray *changes, ForwardPlace place, const ForwardRule *rule)
{
	ForwardChange change = {
		.kind = FORWARD_DELETE_RULE, .place = place, .handle = rule->handle, .bridge = rule->bridge
	};

	g_array_append_val(changes, change);
}

static void add_insertion(GArray *changes, ForwardPlace place, ForwardWay way, const char *bridge)
{
	ForwardChange change = { .kind = FORWARD_INSERT_RULE, .place = place, .way = way, .bridge = bridge };

	g_array_append_val(changes, change);
}

/* --- marked rules: one of each way for each bridge, before anything that rejects --- */

/* A rule is in its place while no other could reject before it: so libvirt,
 * docker and we never take turns in moving rules that do no harm. */
static guint first_that_may_reject(const GPtrArray *rules)
{
	guint i;

	for (i = 0; i < rules->len; i++) {
		const ForwardRule *rule = g_ptr_array_index(rules, i);

		if (rule->bridge == NULL && rule->may_reject)
			break;
	}
	return i;
}

static const ForwardRule *find_rule(const ForwardChain *chain, const char *bridge, ForwardWay way)
{
	guint end = first_that_may_reject(chain->rules);

	for (guint i = 0; i < end; i++) {
		const ForwardRule *rule = g_ptr_array_index(chain->rules, i);

		if (rule->is_sound && rule->way == way && g_strcmp0(rule->bridge, bridge) == 0)
			return rule;
	}
	return NULL;
}

static gboolean is_wanted(const ForwardDesired *desired, const ForwardChain *chain, ForwardPlace place,
			  const ForwardRule *rule)
{
	return forward_places[place].ways[rule->way] &&
	       g_ptr_array_find_with_equal_func(desired->bridges, rule->bridge, g_str_equal, NULL) &&
	       find_rule(chain, rule->bridge, rule->way) == rule;
}

static void delete_rules(GArray *changes, const ForwardDesired *desired, const ForwardRuleset *ruleset,
			 ForwardPlace place)
{
	const ForwardChain *chain = &ruleset->chains[place];

	for (guint i = 0; i < chain->rules->len; i++) {
		const ForwardRule *rule = g_ptr_array_index(chain->rules, i);

		if (rule->bridge != NULL && !is_wanted(desired, chain, place, rule))
			add_deletion(changes, place, rule);
	}
}

/* From the last to the first, for each goes before those inserted earlier. */
static void insert_rules(GArray *changes, const ForwardDesired *desired, const ForwardChain *chain,
			 ForwardPlace place)
{
	for (guint i = desired->bridges->len; i > 0; i--) {
		const char *bridge = g_ptr_array_index(desired->bridges, i - 1);

		for (guint way = FORWARD_N_WAYS; way > 0; way--) {
			if (forward_places[place].ways[way - 1] && find_rule(chain, bridge, way - 1) == NULL)
				add_insertion(changes, place, way - 1, bridge);
		}
	}
}

/* --- our table --- */

static gboolean has_sound_lookups(const ForwardRuleset *ruleset, gboolean by_address)
{
	guint n = 0;

	for (guint i = 0; i < FORWARD_N_LOOKUPS; i++) {
		const ForwardLookup *lookup = &forward_lookups[i];
		g_autofree char *text = NULL;

		if (lookup->by_address && !by_address)
			continue;
		text = forward_lookup_text(lookup->chain, lookup->comment);
		if (n >= ruleset->lookups->len || !g_str_equal(ruleset->lookups->pdata[n], text))
			return FALSE;
		n++;
	}
	return n == ruleset->lookups->len;
}

/* Whether it can be kept; if not it is made anew, in the same transaction. */
static gboolean is_table_sound(const ForwardDesired *desired, const ForwardRuleset *ruleset)
{
	return ruleset->has_table && desired->elements->len > 0 &&
	       ruleset->chains[FORWARD_PLACE_HAIRPIN].present &&
	       has_sound_lookups(ruleset, forward_desired_has_addresses(desired));
}

/* Both lists are sorted. An element that changes its target goes and comes. */
static void change_elements(GArray *changes, ForwardChangeKind kind, const GArray *these, const GArray *others)
{
	guint j = 0;

	for (guint i = 0; i < these->len; i++) {
		const ForwardElement *element = &g_array_index(these, ForwardElement, i);

		while (j < others->len &&
		       forward_element_compare(&g_array_index(others, ForwardElement, j), element) < 0)
			j++;
		if (j >= others->len || !forward_element_equal(&g_array_index(others, ForwardElement, j), element))
			add_element_change(changes, kind, element);
	}
}

static void keep_table(GArray *changes, const ForwardDesired *desired, const ForwardRuleset *ruleset)
{
	delete_rules(changes, desired, ruleset, FORWARD_PLACE_HAIRPIN);
	change_elements(changes, FORWARD_DELETE_ELEMENT, ruleset->elements, desired->elements);
	change_elements(changes, FORWARD_ADD_ELEMENT, desired->elements, ruleset->elements);
	insert_rules(changes, desired, &ruleset->chains[FORWARD_PLACE_HAIRPIN], FORWARD_PLACE_HAIRPIN);
}

static void make_table(GArray *changes, const ForwardDesired *desired, const ForwardRuleset *ruleset)
{
	g_autoptr(ForwardRuleset) empty = forward_ruleset_new();

	if (ruleset->has_table)
		add_table_change(changes, FORWARD_DELETE_TABLE, FALSE);
	if (desired->elements->len == 0)
		return;
	add_table_change(changes, FORWARD_ADD_TABLE, forward_desired_has_addresses(desired));
	change_elements(changes, FORWARD_ADD_ELEMENT, desired->elements, empty->elements);
	insert_rules(changes, desired, &empty->chains[FORWARD_PLACE_HAIRPIN], FORWARD_PLACE_HAIRPIN);
}

GArray *forward_changes(const ForwardDesired *desired, const ForwardRuleset *ruleset)
{
	GArray *changes = g_array_new(FALSE, TRUE, sizeof(ForwardChange));
	g_autoptr(GArray) elements = forward_elements_known(desired->elements, ruleset->elements);
	const ForwardDesired known = { .elements = elements, .bridges = desired->bridges };

	if (ruleset->has_table && !ruleset->is_ours)
		return changes;
	for (ForwardPlace place = FORWARD_PLACE_FILTER; place < FORWARD_PLACE_HAIRPIN; place++)
		delete_rules(changes, &known, ruleset, place);
	if (is_table_sound(&known, ruleset))
		keep_table(changes, &known, ruleset);
	else
		make_table(changes, &known, ruleset);
	for (ForwardPlace place = FORWARD_PLACE_FILTER; place < FORWARD_PLACE_HAIRPIN; place++) {
		if (ruleset->chains[place].present)
			insert_rules(changes, &known, &ruleset->chains[place], place);
	}
	return changes;
}

/* --- in words --- */

static char *element_text(const char *verb, const ForwardElement *element)
{
	char address[FORWARD_ADDRESS_LENGTH], guest[FORWARD_ADDRESS_LENGTH];

	return g_strdup_printf("%s %s %s %u -> %s:%u of %s", verb, element->protocol == IPPROTO_TCP ? "tcp" : "udp",
			       forward_address_text(&element->address, address), element->port,
			       forward_address_text(&element->guest, guest), element->guest_port, element->uuid);
}

char *forward_change_to_text(const ForwardChange *change)
{
	static const char *const ways[] = { "out", "in", "back" };
	const ForwardPlaceInfo *place = &forward_places[change->place];

	switch (change->kind) {
	case FORWARD_DELETE_RULE:
		return g_strdup_printf("delete ip %s %s handle %" G_GUINT64_FORMAT " %s", place->table, place->chain,
				       change->handle, change->bridge);
	case FORWARD_DELETE_TABLE:
		return g_strdup("delete table");
	case FORWARD_DELETE_ELEMENT:
		return element_text("delete", &change->element);
	case FORWARD_ADD_TABLE:
		return g_strdup(change->by_address ? "add table with single addresses" : "add table");
	case FORWARD_ADD_ELEMENT:
		return element_text("add", &change->element);
	case FORWARD_INSERT_RULE:
		return g_strdup_printf("insert ip %s %s %s %s", place->table, place->chain, ways[change->way],
				       change->bridge);
	}
	g_return_val_if_reached(NULL);
}
