/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reserving ports: the kernel refuses an element that is there already, and its
 * comment says whose it is. */
#include "plugins/forward/reserve.h"

#include "hostler/error.h"
#include "hostler/record.h"
#include "hostler/text.h"
#include "plugins/forward/batch.h"
#include "plugins/forward/change.h"
#include "plugins/forward/missing.h"
#include "plugins/forward/taken.h"

/* Docker, libvirt and firewalld change nf_tables at the same moments as we. */
#define TRIES 8

static char *name_of(gpointer data, const char *uuid)
{
	g_autoptr(HostlerRecord) stay =
		*uuid != '\0' ? hostler_record_load(data, HOSTLER_RECORD_STAY, uuid) : NULL;

	return hostler_text_shown(stay != NULL ? stay->name : uuid);
}

static ForwardDesired *wanted_by(const char *uuid, const GArray *spans)
{
	ForwardDesired *wanted = forward_desired_new();

	forward_desired_reserve(wanted, uuid, spans);
	forward_desired_finish(wanted);
	return wanted;
}

/* With the same ports of the host's single addresses, or of every address. */
static void add_across(GArray *spans, const ForwardSpan *span, const GStrv addresses)
{
	ForwardSpan other = *span;

	if (span->address.family != AF_UNSPEC) {
		other.address = (ForwardAddress){ .family = AF_UNSPEC };
		g_array_append_val(spans, other);
		return;
	}
	for (guint i = 0; addresses != NULL && addresses[i] != NULL; i++) {
		if (forward_address_read(addresses[i], &other.address) && other.address.family == span->family)
			g_array_append_val(spans, other);
	}
}

ForwardDesired *forward_reserve_keys(HostlerHost *host, const char *uuid, const GArray *spans)
{
	g_autoptr(GArray) all = g_array_copy((GArray *)spans);
	g_auto(GStrv) addresses = host->ops->addresses(host, NULL);

	for (guint i = 0; i < spans->len; i++)
		add_across(all, &g_array_index(spans, ForwardSpan, i), addresses);
	return wanted_by(uuid, all);
}

static gboolean is_alive(HostlerHost *host, const char *uuid)
{
	g_autoptr(HostlerRecord) stay =
		*uuid != '\0' ? hostler_record_load(host, HOSTLER_RECORD_STAY, uuid) : NULL;

	return stay != NULL && hostler_record_alive(host, stay);
}

/* What dead VMs left in the kernel goes when it is asked for. */
static void drop_dead(HostlerHost *host, GArray *clashes)
{
	for (guint i = clashes->len; i > 0; i--) {
		if (!is_alive(host, g_array_index(clashes, ForwardClash, i - 1).uuid))
			g_array_remove_index(clashes, i - 1);
	}
}

static void find_clashes(HostlerHost *host, const char *uuid, const ForwardDesired *wanted,
			 const ForwardRuleset *ruleset, gboolean across, HostlerFindings *findings)
{
	g_autoptr(GArray) clashes = forward_taken_find(wanted, uuid, ruleset, across);

	drop_dead(host, clashes);
	forward_taken_say(clashes, across, name_of, host, findings);
}

void forward_reserve_check(HostlerHost *host, const char *uuid, const GArray *spans, const ForwardRuleset *ruleset,
			   HostlerFindings *findings)
{
	g_autoptr(ForwardDesired) wanted = wanted_by(uuid, spans);

	find_clashes(host, uuid, wanted, ruleset, FALSE, findings);
	find_clashes(host, uuid, wanted, ruleset, TRUE, findings);
}

/* The kernel said no; who has them is in the ruleset. `error` is replaced by that; FALSE: nobody
 * else has, so they are the VM's own, which the dump left out while the kernel made the set larger. */
static gboolean explain(HostlerHost *host, const char *uuid, const ForwardDesired *wanted, GError **error)
{
	g_autoptr(ForwardRuleset) ruleset = forward_ruleset_read(host, wanted, NULL);
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	GError *better = NULL;

	if (ruleset != NULL)
		find_clashes(host, uuid, wanted, ruleset, FALSE, findings);
	if (hostler_findings_allow(findings, &better))
		return FALSE;
	g_clear_error(error);
	g_propagate_error(error, better);
	return TRUE;
}

/* `all` of what is there is only looked at when the VM may have some of it itself. */
static gboolean try_reserve(HostlerHost *host, const ForwardDesired *wanted, gboolean all, GError **error)
{
	g_autoptr(ForwardRuleset) ruleset =
		all ? forward_ruleset_read(host, wanted, error) : forward_ruleset_read_tables(host, error);
	g_autoptr(ForwardDesired) missing = NULL;
	g_autoptr(GArray) changes = NULL;
	g_autoptr(GByteArray) batch = NULL;

	if (ruleset == NULL)
		return FALSE;
	missing = forward_missing(wanted, ruleset);
	changes = forward_changes_to_reserve(missing, ruleset);
	if (changes->len == 0)
		return TRUE;
	batch = forward_batch(changes, ruleset->generation);
	return host->ops->nft_commit(host, batch->data, batch->len, error);
}

gboolean forward_reserve(HostlerHost *host, const char *uuid, const GArray *spans, GError **error)
{
	g_autoptr(ForwardDesired) wanted = wanted_by(uuid, spans);
	GError *reason = NULL;
	gboolean all = FALSE;
	gboolean done = forward_desired_is_empty(wanted);

	for (guint i = 0; i < TRIES && !done; i++) {
		gboolean exists;

		g_clear_error(&reason);
		done = try_reserve(host, wanted, all, &reason);
		exists = g_error_matches(reason, HOSTLER_ERROR, HOSTLER_ERROR_EXISTS);
		if (!exists && !g_error_matches(reason, HOSTLER_ERROR, HOSTLER_ERROR_STALE))
			break;
		if (exists && all && explain(host, uuid, wanted, &reason))
			break;
		all = all || exists;
	}
	if (done)
		return TRUE;
	g_propagate_error(error, reason);
	return FALSE;
}
