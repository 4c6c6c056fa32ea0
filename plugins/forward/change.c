/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The difference between desired state and kernel, as steps. Pure. */
#include "plugins/forward/change.h"

/* What is added to the steps of one family. */
typedef struct {
	GArray *changes;
	ForwardFamily family;
	const GArray *elements;   /* that are desired */
	const GPtrArray *bridges; /* likewise */
	const GPtrArray *guarded; /* likewise */
	guint features;           /* of the table that holds them */
	const ForwardTable *table;
} Steps;

static guint count_ports(const GArray *elements)
{
	guint n = 0;

	for (guint i = 0; i < elements->len; i++) {
		const ForwardElement *element = &g_array_index(elements, ForwardElement, i);

		if (forward_set_is_taken(element->set))
			n += element->last_port - element->port + 1;
	}
	return n;
}

static void add_table_change(const Steps *steps, ForwardChangeKind kind)
{
	ForwardChange change = { .kind = kind, .family = steps->family, .features = steps->features,
				 .n_ports = count_ports(steps->elements) };

	g_array_append_val(steps->changes, change);
}

static void add_element_change(const Steps *steps, ForwardChangeKind kind, const ForwardElement *element)
{
	ForwardChange change = { .kind = kind, .family = steps->family, .element = element };

	g_array_append_val(steps->changes, change);
}

static void add_deletion(const Steps *steps, ForwardPlace place, const ForwardRule *rule)
{
	ForwardChange change = {
		.kind = FORWARD_DELETE_RULE, .family = steps->family, .place = place, .handle = rule->handle,
		.bridge = rule->bridge
	};

	g_array_append_val(steps->changes, change);
}

static void add_insertion(const Steps *steps, ForwardPlace place, ForwardWay way, const char *bridge)
{
	ForwardChange change = {
		.kind = FORWARD_INSERT_RULE, .family = steps->family, .place = place, .way = way, .bridge = bridge
	};

	g_array_append_val(steps->changes, change);
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

/* Those that have a rule of this way. */
static const GPtrArray *bridges_of(const Steps *steps, ForwardWay way)
{
	return way >= FORWARD_WAYS_GUARDED ? steps->guarded : steps->bridges;
}

static gboolean is_wanted(const Steps *steps, const ForwardChain *chain, ForwardPlace place, const ForwardRule *rule)
{
	return forward_places[place].ways[rule->way] &&
	       g_ptr_array_find_with_equal_func((GPtrArray *)bridges_of(steps, rule->way), rule->bridge, g_str_equal,
						NULL) &&
	       find_rule(chain, rule->bridge, rule->way) == rule;
}

static void delete_rules(const Steps *steps, ForwardPlace place)
{
	const ForwardChain *chain = &steps->table->chains[place];

	for (guint i = 0; i < chain->rules->len; i++) {
		const ForwardRule *rule = g_ptr_array_index(chain->rules, i);

		if (rule->bridge != NULL && !is_wanted(steps, chain, place, rule))
			add_deletion(steps, place, rule);
	}
}

/* From the last to the first, for each goes before those inserted earlier. */
static void insert_ways(const Steps *steps, const ForwardChain *chain, ForwardPlace place, guint first, guint end)
{
	const GPtrArray *bridges = bridges_of(steps, first);

	for (guint i = bridges->len; i > 0; i--) {
		const char *bridge = g_ptr_array_index(bridges, i - 1);

		for (guint way = end; way > first; way--) {
			if (forward_places[place].ways[way - 1] && find_rule(chain, bridge, way - 1) == NULL)
				add_insertion(steps, place, way - 1, bridge);
		}
	}
}

static void insert_rules(const Steps *steps, const ForwardChain *chain, ForwardPlace place)
{
	insert_ways(steps, chain, place, FORWARD_WAYS_GUARDED, FORWARD_N_WAYS);
	insert_ways(steps, chain, place, 0, FORWARD_WAYS_GUARDED);
}

/* --- our table --- */

static gboolean has_sound_lookups(const ForwardTable *table, guint features)
{
	guint n = 0;

	for (guint i = 0; i < FORWARD_N_LOOKUPS; i++) {
		const ForwardLookup *lookup = &forward_lookups[i];
		g_autofree char *text = NULL;

		if (!forward_lookup_is_there(lookup, features))
			continue;
		text = forward_lookup_text(lookup->chain, lookup->comment);
		if (n >= table->lookups->len || !g_str_equal(table->lookups->pdata[n], text))
			return FALSE;
		n++;
	}
	return n == table->lookups->len;
}

/* An older hostler had others. */
static gboolean has_sound_sets(const ForwardTable *table, guint features)
{
	for (ForwardSet set = 0; set < FORWARD_N_SETS; set++) {
		if ((forward_sets[set].features & ~features) == 0 && (table->sets & 1u << set) == 0)
			return FALSE;
	}
	return TRUE;
}

static gboolean is_table_wanted(const Steps *steps)
{
	return steps->elements->len > 0 || steps->guarded->len > 0;
}

/* Whether it can be kept; if not it is made anew, in the same transaction. */
static gboolean is_table_sound(const Steps *steps)
{
	return steps->table->has_table && is_table_wanted(steps) &&
	       steps->table->chains[FORWARD_PLACE_HAIRPIN].present &&
	       steps->table->chains[FORWARD_PLACE_GUARD].present == (steps->guarded->len > 0) &&
	       has_sound_lookups(steps->table, steps->features) &&
	       has_sound_sets(steps->table, steps->features);
}

/* Both lists are sorted. An element that changes its target goes and comes. */
static void change_elements(const Steps *steps, ForwardChangeKind kind, const GArray *these, const GArray *others)
{
	guint j = 0;

	for (guint i = 0; i < these->len; i++) {
		const ForwardElement *element = &g_array_index(these, ForwardElement, i);

		while (j < others->len &&
		       forward_element_compare(&g_array_index(others, ForwardElement, j), element) < 0)
			j++;
		if (j >= others->len || !forward_element_equal(&g_array_index(others, ForwardElement, j), element))
			add_element_change(steps, kind, element);
	}
}

static void keep_table(const Steps *steps)
{
	for (ForwardPlace place = FORWARD_PLACE_HAIRPIN; place < FORWARD_N_PLACES; place++)
		delete_rules(steps, place);
	change_elements(steps, FORWARD_DELETE_ELEMENT, steps->table->elements, steps->elements);
	change_elements(steps, FORWARD_ADD_ELEMENT, steps->elements, steps->table->elements);
	for (ForwardPlace place = FORWARD_PLACE_HAIRPIN; place < FORWARD_N_PLACES; place++)
		insert_rules(steps, &steps->table->chains[place], place);
}

static void make_table(const Steps *steps)
{
	g_autoptr(ForwardRuleset) empty = forward_ruleset_new();

	if (steps->table->has_table)
		add_table_change(steps, FORWARD_DELETE_TABLE);
	if (!is_table_wanted(steps))
		return;
	add_table_change(steps, FORWARD_ADD_TABLE);
	change_elements(steps, FORWARD_ADD_ELEMENT, steps->elements, empty->tables[0].elements);
	for (ForwardPlace place = FORWARD_PLACE_HAIRPIN; place < FORWARD_N_PLACES; place++)
		insert_rules(steps, &empty->tables[0].chains[place], place);
}

static void change_table(const Steps *steps)
{
	for (ForwardPlace place = FORWARD_PLACE_FILTER; place < FORWARD_PLACE_HAIRPIN; place++)
		delete_rules(steps, place);
	if (is_table_sound(steps))
		keep_table(steps);
	else
		make_table(steps);
	for (ForwardPlace place = FORWARD_PLACE_FILTER; place < FORWARD_PLACE_HAIRPIN; place++) {
		if (steps->table->chains[place].present)
			insert_rules(steps, &steps->table->chains[place], place);
	}
}

GArray *forward_changes(const ForwardDesired *desired, const ForwardRuleset *ruleset)
{
	GArray *changes = g_array_new(FALSE, FALSE, sizeof(ForwardChange));

	for (ForwardFamily family = 0; family < FORWARD_N_FAMILIES; family++) {
		const ForwardDesiredTable *wanted = &desired->tables[family];
		const ForwardTable *table = &ruleset->tables[family];
		const Steps steps = { changes, family, wanted->elements, wanted->bridges, wanted->guarded,
				      wanted->features, table };

		if (!table->has_table || table->is_ours)
			change_table(&steps);
	}
	return changes;
}

gboolean forward_changes_need_all(const ForwardDesired *desired, const ForwardRuleset *ruleset)
{
	for (ForwardFamily family = 0; family < FORWARD_N_FAMILIES; family++) {
		const ForwardDesiredTable *wanted = &desired->tables[family];
		const ForwardTable *table = &ruleset->tables[family];
		const Steps steps = { NULL, family, wanted->elements, wanted->bridges, wanted->guarded,
				      wanted->features, table };

		if ((table->has_table || wanted->elements->len > 0) && !is_table_sound(&steps))
			return TRUE;
	}
	return FALSE;
}

GArray *forward_changes_to_reserve(const ForwardDesired *missing, const ForwardRuleset *ruleset)
{
	GArray *changes = g_array_new(FALSE, FALSE, sizeof(ForwardChange));

	for (ForwardFamily family = 0; family < FORWARD_N_FAMILIES; family++) {
		const ForwardDesiredTable *wanted = &missing->tables[family];
		const ForwardTable *table = &ruleset->tables[family];
		const Steps steps = { changes, family, wanted->elements, wanted->bridges, wanted->guarded, 0, table };

		if (wanted->elements->len > 0 && !table->has_table)
			add_table_change(&steps, FORWARD_ADD_TABLE);
		for (guint i = 0; i < wanted->elements->len; i++)
			add_element_change(&steps, FORWARD_ADD_ELEMENT,
					   &g_array_index(wanted->elements, ForwardElement, i));
	}
	return changes;
}
