/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forward plugin: ports of the host lead to guests on libvirt's NAT networks.
 * The stays say which; settling makes nf_tables hold exactly that. */
#include <string.h>

#include "hostler/lock.h"
#include "hostler/log.h"
#include "hostler/network.h"
#include "hostler/plugin.h"
#include "plugins/forward/batch.h"
#include "plugins/forward/change.h"
#include "plugins/forward/check.h"
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

static void log_changes(const GArray *changes)
{
	for (guint i = 0; i < changes->len; i++) {
		g_autofree char *text = forward_change_to_text(&g_array_index(changes, ForwardChange, i));

		g_debug("%s", text);
	}
}

static void end_flows(HostlerHost *host, const ForwardDesired *desired, const ForwardRuleset *before)
{
	for (ForwardFamily family = 0; family < FORWARD_N_FAMILIES; family++) {
		const GArray *held = before->tables[family].elements;
		g_autoptr(GArray) known = forward_elements_known(desired->tables[family].elements, held);

		forward_flows_end(host, family, held, known);
	}
}

/* FALSE with HOSTLER_ERROR_STALE: somebody else was faster; with HOSTLER_ERROR_EXISTS:
 * so was the kernel, whose dump of a set leaves elements out while it makes the set larger. */
static gboolean try_settle(HostlerHost *host, const GPtrArray *stays, GError **error)
{
	g_autoptr(ForwardRuleset) ruleset = forward_ruleset_read(host, error);
	g_autoptr(ForwardDesired) desired = NULL;
	g_autoptr(GByteArray) batch = NULL;
	g_autoptr(GArray) changes = NULL;
	const char *foreign;

	if (ruleset == NULL)
		return FALSE;
	desired = forward_stays_desired(host, stays, ruleset);
	foreign = forward_ruleset_foreign(ruleset);
	if (foreign != NULL && !forward_desired_is_empty(desired)) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_FORWARD_FIREWALL,
			    "no port is forwarded: there is a table '%s' in nf_tables that is not hostler's; "
			    "remove it (nft delete table %s), then: hostler settle", foreign, foreign);
		return FALSE;
	}
	changes = forward_changes(desired, ruleset);
	if (changes->len == 0)
		return TRUE;
	log_changes(changes);
	batch = forward_batch(changes, ruleset->generation);
	if (!host->ops->nft_commit(host, batch->data, batch->len, error))
		return FALSE;
	end_flows(host, desired, ruleset);
	return TRUE;
}

static gboolean settle_kernel(HostlerHost *host, const GPtrArray *stays)
{
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < TRIES; i++) {
		g_clear_error(&error);
		if (try_settle(host, stays, &error))
			return TRUE;
		if (!g_error_matches(error, HOSTLER_ERROR, HOSTLER_ERROR_STALE) &&
		    !g_error_matches(error, HOSTLER_ERROR, HOSTLER_ERROR_EXISTS))
			break;
	}
	/* A host without nf_tables and without forwards has lost nothing. */
	hostler_log(stays->len > 0 ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_DEBUG, hostler_error_code(error),
		    NULL, "forwarded ports may not answer: %s", error->message);
	return stays->len == 0;
}

static void settle_links(HostlerHost *host, const GPtrArray *stays)
{
	g_autoptr(GPtrArray) uuids = g_ptr_array_new();

	for (guint i = 0; i < stays->len; i++)
		g_ptr_array_add(uuids, ((const HostlerRecord *)g_ptr_array_index(stays, i))->uuid);
	forward_links_settle(host, uuids);
}

/* Read under the lock: whoever closes ports has its stay on disk before it asks for it. */
static gboolean settle_locked(HostlerHost *host)
{
	g_autoptr(GPtrArray) stays = forward_stays_alive(host);
	g_autoptr(GPtrArray) open = forward_stays_open(host);
	gboolean settled;

	forward_loopback_end(host, open);
	settled = settle_kernel(host, stays);
	if (settled)
		forward_loopback_begin(host, open);
	forward_hairpin_settle(host, open);
	settle_links(host, open);
	return settled;
}

/* --- acquire --- */

/* What a killed run left, or `nft flush ruleset` took, must not decide: so all
 * others are settled first. Then the kernel decides, and the stay is on disk
 * before anybody else looks. */
static gboolean forward_acquire(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error)
{
	g_autoptr(HostlerLock) lock = NULL;
	g_autoptr(GArray) spans = NULL;

	if (stay == NULL)
		return TRUE;
	if (!fill_stay(host, domain, stay, error))
		return FALSE;
	lock = hostler_lock_firewall(host, error);
	if (lock == NULL)
		return FALSE;
	settle_locked(host);
	spans = forward_stay_spans(stay);
	return forward_reserve(host, stay->uuid, spans, error) && hostler_record_store(host, stay, error);
}

/* --- the slots that settle --- */

gboolean forward_settle(HostlerHost *host)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerLock) lock = hostler_lock_firewall(host, &error);

	if (lock != NULL)
		return settle_locked(host);
	hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error), NULL, "forwarded ports may not answer: %s",
		    error->message);
	return FALSE;
}

static void settle(HostlerHost *host, HostlerSettleDepth depth)
{
	forward_settle(host);
}

/* The stay is marked as ended by now, so settling closes its ports. */
static void forward_stopped(HostlerHost *host, const char *uuid)
{
	g_autoptr(HostlerRecord) stay = hostler_record_load(host, HOSTLER_RECORD_STAY, uuid);

	if (stay != NULL && forward_stay_has_spans(stay))
		forward_settle(host);
}

const HostlerPlugin hostler_plugin_forward = {
	.name = "forward",
	.concerns = forward_concerns,
	.check = forward_check,
	.acquire = forward_acquire,
	.started = fill_stay,
	.apply = forward_acquire,
	.stopped = forward_stopped,
	.settle = settle,
	.status = forward_status,
};
