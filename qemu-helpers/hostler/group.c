/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an IOMMU group means for a VM. The IOMMU cannot tell its members apart, so
 * they go together, but for bridges and for those that nobody drives. */
#include "group.h"

#include <string.h>

const char *member_address(const Member *member)
{
	return g_str_has_prefix(member->bdf, "0000:") ? member->bdf + strlen("0000:") : member->bdf;
}

gboolean member_is_in_hosts_hands(const Member *member)
{
	return !member->port && member->driver != NULL && !member->on_vfio &&
	       !g_str_equal(member->driver, "pci-stub");
}

/* "0000:01:00.0" up to the dot. */
static gboolean same_slot(const Member *a, const Member *b)
{
	return strncmp(a->bdf, b->bdf, strlen("0000:01:00.")) == 0;
}

/* Bridges of any kind, memory controllers, system peripherals, processors, SMBus. */
static gboolean is_of_chipset(const Member *member)
{
	guint base = member->class >> 8;

	return member->bridge || base == 0x05 || base == 0x08 || base == 0x0b || member->class == 0x0c05;
}

/* As the hook does it: of the same slot all that is not put aside on purpose,
 * with a driver or without. */
static gboolean goes_along(const Member *member, const Member *wanted)
{
	return member != wanted && !is_of_chipset(member) && same_slot(member, wanted) &&
	       g_strcmp0(member->driver, "pci-stub") != 0;
}

static gboolean must_be_listed(const Member *member, const Member *wanted)
{
	return member != wanted && member_is_in_hosts_hands(member) && !goes_along(member, wanted);
}

static void add_those(const Group *group, const Member *wanted, const char *lead,
		      gboolean (*counts)(const Member *, const Member *), GString *text)
{
	gboolean first = TRUE;

	for (guint i = 0; i < group->members->len; i++) {
		const Member *member = g_ptr_array_index(group->members, i);

		if (!counts(member, wanted))
			continue;
		g_string_append_printf(text, "%s%s", !first ? ", " : lead + (text->len > 0 ? 0 : strlen("; ")),
				       member_address(member));
		first = FALSE;
	}
}

char *group_along(const Group *group, const Member *wanted)
{
	g_autoptr(GString) text = g_string_new(NULL);

	add_those(group, wanted, "; takes along ", goes_along, text);
	add_those(group, wanted, "; must list, too, ", must_be_listed, text);
	return g_strdup(text->len > 0 ? text->str : "alone");
}

/* --- who stands in the way --- */

static char *describe_obstacle(const Member *member)
{
	g_autofree char *users = NULL;

	if (member->trouble != NULL)
		return g_strdup(member->trouble);
	if (member->users == NULL || member->users[0] == NULL)
		return NULL;
	users = g_strjoinv(", ", member->users);
	return g_strdup_printf("%s is in use: %s", member_address(member), users);
}

static char *describe_obstacles(const Group *group)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < group->members->len; i++) {
		g_autofree char *obstacle = describe_obstacle(g_ptr_array_index(group->members, i));

		if (obstacle != NULL)
			g_string_append_printf(text, "%s%s", text->len > 0 ? "; " : "", obstacle);
	}
	return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

/* --- the group --- */

/* The first that a VM can want: function 0 of a card comes before its others. */
static const Member *find_first(const Group *group, guint *n)
{
	const Member *first = NULL;

	*n = 0;
	for (guint i = 0; i < group->members->len; i++) {
		const Member *member = g_ptr_array_index(group->members, i);

		if (member->bridge)
			continue;
		if (first == NULL)
			first = member;
		(*n)++;
	}
	return first;
}

static char *describe_company(const Group *group, const Member *first, guint n)
{
	g_autofree char *along = NULL;

	if (first == NULL)
		return g_strdup("only bridges");
	along = group_along(group, first);
	if (n == 1 || g_str_equal(along, "alone"))
		return g_steal_pointer(&along);
	return g_strdup_printf("%s %s", member_address(first), along);
}

gboolean group_passable(const Group *group, char **why)
{
	guint n;
	const Member *first = find_first(group, &n);

	*why = describe_obstacles(group);
	if (*why != NULL)
		return FALSE;
	*why = describe_company(group, first, n);
	return first != NULL;
}
