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
#include "plugins/forward/stays.h"
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

/* The same ports of every address, which it would beat. */
static void add_every_address(GArray *spans, const ForwardSpan *span)
{
	ForwardSpan every = *span;

	every.address = (ForwardAddress){ .family = AF_UNSPEC };
	if (span->address.family != AF_UNSPEC)
		g_array_append_val(spans, every);
}

/* What of `theirs` would beat `ours`. */
static void add_beating(GArray *spans, const ForwardSpan *ours, const ForwardSpan *theirs)
{
	ForwardSpan both = *theirs;

	both.start = MAX(ours->start, theirs->start);
	both.end = MIN(ours->end, theirs->end);
	if (ours->address.family == AF_UNSPEC && theirs->address.family != AF_UNSPEC &&
	    ours->family == theirs->family && ours->proto == theirs->proto && both.start <= both.end)
		g_array_append_val(spans, both);
}

static void add_of_stay(GArray *all, const GArray *spans, const HostlerRecord *stay)
{
	g_autoptr(GArray) theirs = forward_stay_spans(stay);

	for (guint i = 0; i < spans->len; i++) {
		for (guint j = 0; j < theirs->len; j++)
			add_beating(all, &g_array_index(spans, ForwardSpan, i), &g_array_index(theirs, ForwardSpan, j));
	}
}

/* Which single addresses to ask about is in the stays: a host may have hundreds, and each of
 * them times each of our ports would be more than there is memory for. */
ForwardDesired *forward_reserve_keys(HostlerHost *host, const char *uuid, const GArray *spans)
{
	g_autoptr(GArray) all = g_array_copy((GArray *)spans);
	g_autoptr(GPtrArray) stays = forward_stays_all(host);

	for (guint i = 0; i < spans->len; i++)
		add_every_address(all, &g_array_index(spans, ForwardSpan, i));
	for (guint i = 0; i < stays->len; i++) {
		if (!g_str_equal(((const HostlerRecord *)g_ptr_array_index(stays, i))->uuid, uuid))
			add_of_stay(all, spans, g_ptr_array_index(stays, i));
	}
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
