/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forward plugin: ports of the host lead to guests on libvirt's NAT networks.
 * The stays say which; settling makes nf_tables hold exactly that. */
#include <string.h>

#include "hostler/lock.h"
#include "hostler/log.h"
#include "hostler/network.h"
#include "hostler/plugin.h"
#include "plugins/forward/announce.h"
#include "plugins/forward/batch.h"
#include "plugins/forward/check.h"
#include "plugins/forward/difference.h"
#include "plugins/forward/flows.h"
#include "plugins/forward/hairpin.h"
#include "plugins/forward/links.h"
#include "plugins/forward/loopback.h"
#include "plugins/forward/plan.h"
#include "plugins/forward/reserve.h"
#include "plugins/forward/settle.h"
#include "plugins/forward/shadow.h"
#include "plugins/forward/status.h"
#include "plugins/forward/stays.h"

/* Docker, libvirt and firewalld change nf_tables at the same moments as we. */
#define TRIES 8

static gboolean forward_concerns(const HostlerDomain *domain)
{
	return domain->settings.forwards->len > 0;
}

static GPtrArray *load_networks(HostlerHost *host)
{
	g_autoptr(GPtrArray) xmls = host->ops->network_xmls(host);
	GPtrArray *networks = g_ptr_array_new_with_free_func((GDestroyNotify)hostler_network_free);

	for (guint i = 0; i < xmls->len; i++) {
		const char *xml = g_ptr_array_index(xmls, i);
		g_autoptr(GError) error = NULL;
		HostlerNetwork *network = hostler_network_from_xml(xml, strlen(xml), &error);

		if (network != NULL)
			g_ptr_array_add(networks, network);
		else
			hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error), NULL,
				    "a network of libvirt's counts as not running, for hostler cannot read it: %s",
				    error->message);
	}
	return networks;
}

/* --- check --- */

static void forward_check(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings)
{
	g_autoptr(GPtrArray) networks = load_networks(host);
	g_autoptr(GArray) spans = forward_plan(domain, networks, findings);

	forward_shadow_check(host, spans, findings);
	forward_check_host(host, domain, spans, findings);
}

/* All of what the VM asks for or nothing: a part of it would be taken for all. */
static gboolean fill_stay(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error)
{
	g_autoptr(GPtrArray) networks = load_networks(host);
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	g_autoptr(GArray) spans = forward_plan(domain, networks, findings);

	if (!hostler_findings_allow(findings, error))
		return FALSE;
	forward_spans_store(stay->body, spans);
	forward_loopback_store(stay->body, host->config.forward_loopback);
	return TRUE;
}

/* --- settle --- */

/* Each is a line of text, which nobody reads thousands of. */
#define MOST_LOGGED 64

static void log_changes(const GArray *changes)
{
	for (guint i = 0; i < MIN(changes->len, MOST_LOGGED); i++) {
		g_autofree char *text = forward_change_to_text(&g_array_index(changes, ForwardChange, i));

		g_debug("%s", text);
	}
	if (changes->len > MOST_LOGGED)
		g_debug("and %u more", changes->len - MOST_LOGGED);
}

static void end_flows(HostlerHost *host, const ForwardDesired *desired, const ForwardRuleset *before)
{
	for (ForwardFamily family = 0; family < FORWARD_N_FAMILIES; family++)
		forward_flows_end(host, family, before->tables[family].elements, desired->tables[family].elements);
}

/* FALSE with HOSTLER_ERROR_STALE: somebody else was faster; with HOSTLER_ERROR_EXISTS:
 * so was the kernel, whose dump of a set leaves elements out while it makes the set larger. */
static gboolean try_settle(HostlerHost *host, ForwardScope *scope, GError **error)
{
	g_autoptr(ForwardDifference) difference = forward_difference_find(host, scope, error);
	g_autoptr(GByteArray) batch = NULL;

	while (difference != NULL && forward_scope_widen(scope, difference)) {
		forward_difference_free(difference);
		difference = forward_difference_find(host, scope, error);
	}
	if (difference == NULL)
		return FALSE;
	if (difference->changes->len == 0)
		return TRUE;
	log_changes(difference->changes);
	batch = forward_batch(difference->changes, difference->ruleset->generation);
	if (!host->ops->nft_commit(host, batch->data, batch->len, error))
		return FALSE;
	end_flows(host, difference->desired, difference->ruleset);
	return TRUE;
}

static gboolean settle_kernel(HostlerHost *host, ForwardScope *scope)
{
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < TRIES; i++) {
		g_clear_error(&error);
		if (try_settle(host, scope, &error))
			return TRUE;
		if (!g_error_matches(error, HOSTLER_ERROR, HOSTLER_ERROR_STALE) &&
		    !g_error_matches(error, HOSTLER_ERROR, HOSTLER_ERROR_EXISTS))
			break;
	}
	/* A host without nf_tables and without forwards has lost nothing. */
	hostler_log(scope->alive->len > 0 ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_DEBUG, hostler_error_code(error),
		    NULL, "forwarded ports may not answer: %s", error->message);
	return scope->alive->len == 0;
}

static void settle_links(HostlerHost *host, const GPtrArray *stays)
{
	g_autoptr(GPtrArray) uuids = g_ptr_array_new();

	for (guint i = 0; i < stays->len; i++)
		g_ptr_array_add(uuids, ((const HostlerRecord *)g_ptr_array_index(stays, i))->uuid);
	forward_links_settle(host, uuids);
}

static void leave_out(GPtrArray *stays, const char *uuid)
{
	for (guint i = stays->len; i > 0; i--) {
		if (g_str_equal(((const HostlerRecord *)g_ptr_array_index(stays, i - 1))->uuid, uuid))
			g_ptr_array_remove_index(stays, i - 1);
	}
}

/* Read under the lock: whoever closes ports has its stay on disk before it asks for it.
 * `leaving` counts as dead; "": nobody. */
static gboolean settle_locked(HostlerHost *host, HostlerSettleDepth depth, const char *leaving)
{
	g_autoptr(GPtrArray) all = forward_stays_all(host);
	g_autoptr(GPtrArray) alive = forward_stays_alive(host);
	g_autoptr(GPtrArray) open = forward_stays_open(host);
	g_autoptr(GHashTable) whole = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	ForwardScope scope = { .all = all, .alive = alive };
	gboolean settled;

	leave_out(alive, leaving);
	leave_out(open, leaving);
	if (depth == HOSTLER_SETTLE_IN_PASSING && alive->len > 0)
		scope.whole = g_steal_pointer(&whole);
	forward_loopback_end(host, open);
	settled = settle_kernel(host, &scope);
	if (settled)
		forward_loopback_begin(host, open);
	g_clear_pointer(&scope.whole, g_hash_table_unref);
	forward_hairpin_settle(host, open);
	forward_announce_settle(host, open);
	settle_links(host, open);
	return settled;
}

/* --- acquire --- */

/* What a killed run left, or `nft flush ruleset` took, must not decide: so others
 * are settled first, and all that is in our tables before somebody is refused. */
static gboolean reserve(HostlerHost *host, const HostlerRecord *stay, GError **error)
{
	g_autoptr(GArray) spans = forward_stay_spans(stay);
	g_autoptr(GError) taken = NULL;

	settle_locked(host, HOSTLER_SETTLE_IN_PASSING, "");
	if (forward_reserve(host, stay->uuid, spans, &taken))
		return TRUE;
	settle_locked(host, HOSTLER_SETTLE_IN_FULL, "");
	return forward_reserve(host, stay->uuid, spans, error);
}

/* Of ports that no record names only a settle in full knows: whoever comes next would take them for the VM's. */
static gboolean store(HostlerHost *host, const HostlerRecord *stay, GError **error)
{
	if (hostler_record_store(host, stay, error))
		return TRUE;
	settle_locked(host, HOSTLER_SETTLE_IN_FULL, "");
	return FALSE;
}

/* The kernel decides, and the stay is on disk before anybody else looks. */
static gboolean forward_acquire(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error)
{
	g_autoptr(HostlerLock) lock = NULL;

	if (stay == NULL)
		return TRUE;
	if (!fill_stay(host, domain, stay, error))
		return FALSE;
	lock = hostler_lock_firewall(host, error);
	if (lock == NULL)
		return FALSE;
	return reserve(host, stay, error) && store(host, stay, error);
}

/* --- the slots that settle --- */

static gboolean settle_at(HostlerHost *host, HostlerSettleDepth depth, const char *leaving)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerLock) lock = hostler_lock_firewall(host, &error);

	if (lock != NULL)
		return settle_locked(host, depth, leaving);
	hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error), NULL, "forwarded ports may not answer: %s",
		    error->message);
	return FALSE;
}

gboolean forward_settle(HostlerHost *host)
{
	return settle_at(host, HOSTLER_SETTLE_IN_FULL, "");
}

static void settle(HostlerHost *host, HostlerSettleDepth depth)
{
	settle_at(host, depth, "");
}

/* Also for what is rolled back, whose stay is not marked as ended, and again when the
 * stay goes: afterwards only a settle in full would find what a killed hook left. */
static void close_ports(HostlerHost *host, const char *uuid)
{
	g_autoptr(HostlerRecord) stay = hostler_record_load(host, HOSTLER_RECORD_STAY, uuid);

	if (stay != NULL && forward_stay_has_spans(stay))
		settle_at(host, HOSTLER_SETTLE_IN_PASSING, uuid);
}

const HostlerPlugin hostler_plugin_forward = {
	.name = "forward",
	.concerns = forward_concerns,
	.check = forward_check,
	.acquire = forward_acquire,
	.started = fill_stay,
	.apply = forward_acquire,
	.stopped = close_ports,
	.released = close_ports,
	.settle = settle,
	.status = forward_status,
};
