/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the kernel is not as the stays say, and how much of it has to be looked at. */
#include "plugins/forward/difference.h"

#include "hostler/error.h"
#include "hostler/record.h"
#include "plugins/forward/stays.h"

void forward_difference_free(ForwardDifference *difference)
{
	g_clear_pointer(&difference->changes, g_array_unref);
	g_clear_pointer(&difference->desired, forward_desired_free);
	g_clear_pointer(&difference->ruleset, forward_ruleset_free);
	g_free(difference);
}

static gboolean allow_table(const ForwardDifference *difference, GError **error)
{
	const char *foreign = forward_ruleset_foreign(difference->ruleset);

	if (foreign == NULL || forward_desired_is_empty(difference->desired))
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_FORWARD_FIREWALL,
		    "no port is forwarded: there is a table '%s' in nf_tables that is not hostler's; "
		    "remove it (nft delete table %s), then: hostler settle", foreign, foreign);
	return FALSE;
}

ForwardDifference *forward_difference_find(HostlerHost *host, const ForwardScope *scope, GError **error)
{
	g_autoptr(ForwardDifference) difference = g_new0(ForwardDifference, 1);
	g_autoptr(ForwardDesired) keys = scope->whole != NULL ? forward_stays_keys(scope->all, scope->whole) : NULL;

	difference->ruleset = forward_ruleset_read(host, keys, error);
	if (difference->ruleset == NULL)
		return NULL;
	difference->desired = forward_stays_desired(host, scope->alive, scope->whole, difference->ruleset);
	if (!allow_table(difference, error))
		return NULL;
	for (ForwardFamily family = 0; family < FORWARD_N_FAMILIES; family++)
		forward_elements_know(difference->desired->tables[family].elements,
				      difference->ruleset->tables[family].elements);
	difference->changes = forward_changes(difference->desired, difference->ruleset);
	return g_steal_pointer(&difference);
}

/* --- how much --- */

static gboolean knows(const ForwardScope *scope, const char *uuid)
{
	for (guint i = 0; i < scope->all->len; i++) {
		if (g_str_equal(((const HostlerRecord *)g_ptr_array_index(scope->all, i))->uuid, uuid))
			return TRUE;
	}
	return FALSE;
}

gboolean forward_scope_widen(ForwardScope *scope, const ForwardDifference *difference)
{
	gboolean widened = FALSE;

	for (guint i = 0; scope->whole != NULL && i < difference->changes->len; i++) {
		const ForwardChange *change = &g_array_index(difference->changes, ForwardChange, i);

		if (change->kind != FORWARD_ADD_ELEMENT && change->kind != FORWARD_DELETE_ELEMENT)
			continue;
		if (knows(scope, change->element->uuid))
			widened = g_hash_table_add(scope->whole, g_strdup(change->element->uuid)) || widened;
		else
			g_clear_pointer(&scope->whole, g_hash_table_unref);
		widened = widened || scope->whole == NULL;
	}
	if (scope->whole == NULL || !forward_changes_need_all(difference->desired, difference->ruleset))
		return widened;
	g_clear_pointer(&scope->whole, g_hash_table_unref);
	return TRUE;
}
