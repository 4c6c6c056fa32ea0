/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The elements of all VMs put in order, and none in the place of another. Pure. */
#include <string.h>

#include "plugins/forward/desired.h"

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
			n_taken += forward_set_is_taken(element->set);
			continue;
		}
		if (kept < i)
			g_array_index(elements, ForwardElement, kept) = *element;
		kept++;
	}
	g_array_set_size(elements, kept);
	return n_taken;
}

/* g_array_sort() is stable: of two that want a port the earlier comes first. And it takes long over
 * thousands, which of one VM are in order. */
static void sort(GArray *elements)
{
	guint i = 1;

	while (i < elements->len && forward_element_compare(&g_array_index(elements, ForwardElement, i - 1),
							    &g_array_index(elements, ForwardElement, i)) <= 0)
		i++;
	if (i < elements->len)
		g_array_sort(elements, forward_element_compare);
}

guint forward_desired_finish(ForwardDesired *desired)
{
	guint n_twice = 0;

	for (guint i = 0; i < FORWARD_N_FAMILIES; i++) {
		g_ptr_array_sort(desired->tables[i].bridges, compare_strings);
		sort(desired->tables[i].elements);
		desired->tables[i].features |= forward_elements_features(desired->tables[i].elements) |
					       (desired->tables[i].guarded->len > 0 ? FORWARD_WITH_LOOPBACK : 0);
		n_twice += desired->tables[i].n_twice;
		n_twice += keep_first(desired->tables[i].elements, desired->tables[i].features);
	}
	return n_twice;
}
