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
#include "plugins/forward/links.h"
#include "plugins/forward/plan.h"
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
		HostlerNetwork *network = hostler_network_from_xml(xml, strlen(xml), NULL);

		if (network != NULL)
			g_ptr_array_add(networks, network);
	}
	return networks;
}

/* --- check and acquire --- */

static void check_table(HostlerHost *host, HostlerFindings *findings)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(ForwardRuleset) ruleset = forward_ruleset_read(host, &error);

	if (ruleset == NULL)
		hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_FIREWALL, NULL,
				     "see whether root can: nft list ruleset", "no port can be forwarded: %s",
				     error->message);
	else if (ruleset->has_table && !ruleset->is_ours)
		hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_FIREWALL, NULL,
				     "remove it (nft delete table ip hostler) or give it another name",
				     "no port can be forwarded: there is a table 'ip hostler' in nf_tables that is "
				     "not hostler's");
}

static void forward_check(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings)
{
	g_autoptr(GPtrArray) networks = load_networks(host);
	g_autoptr(GArray) spans = forward_plan(domain, networks, findings);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) holdings = forward_stays_holdings(host, domain->uuid, names);

	forward_plan_check_taken(spans, holdings, findings);
	forward_shadow_check(host, spans, findings);
	check_table(host, findings);
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
	return TRUE;
}

/* Another VM may have been prepared since our check: under the lock it is decided,
 * and the stay on disk before anybody else looks. */
static gboolean reserve(HostlerHost *host, const HostlerRecord *stay, GError **error)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	g_autoptr(GArray) spans = forward_stay_spans(stay);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) holdings = forward_stays_holdings(host, stay->uuid, names);

	forward_plan_check_taken(spans, holdings, findings);
	return hostler_findings_allow(findings, error) && hostler_record_store(host, stay, error);
}

static gboolean forward_acquire(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error)
{
	g_autoptr(HostlerLock) lock = NULL;

	if (stay == NULL)
		return TRUE;
	if (!fill_stay(host, domain, stay, error))
		return FALSE;
	lock = hostler_lock_firewall(host, error);
	return lock != NULL && reserve(host, stay, error);
}

/* --- settle --- */

static void log_changes(const GArray *changes)
{
	for (guint i = 0; i < changes->len; i++) {
		g_autofree char *text = forward_change_to_text(&g_array_index(changes, ForwardChange, i));

		g_debug("%s", text);
	}
}

/* FALSE with HOSTLER_ERROR_STALE: somebody else was faster. */
static gboolean try_settle(HostlerHost *host, const GPtrArray *stays, GError **error)
{
	g_autoptr(ForwardRuleset) ruleset = forward_ruleset_read(host, error);
	g_autoptr(ForwardDesired) desired = NULL;
	g_autoptr(GByteArray) batch = NULL;
	g_autoptr(GArray) changes = NULL;

	if (ruleset == NULL)
		return FALSE;
	desired = forward_stays_desired(host, stays, ruleset->elements);
	if (ruleset->has_table && !ruleset->is_ours && desired->elements->len > 0) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_FORWARD_FIREWALL,
			    "no port is forwarded: there is a table 'ip hostler' in nf_tables that is not hostler's; "
			    "remove it (nft delete table ip hostler), then: hostler settle");
		return FALSE;
	}
	changes = forward_changes(desired, ruleset);
	if (changes->len == 0)
		return TRUE;
	log_changes(changes);
	batch = forward_batch(changes, ruleset->generation);
	return host->ops->nft_commit(host, batch->data, batch->len, error);
}

static gboolean settle_kernel(HostlerHost *host, const GPtrArray *stays)
{
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < TRIES; i++) {
		g_clear_error(&error);
		if (try_settle(host, stays, &error))
			return TRUE;
		if (!g_error_matches(error, HOSTLER_ERROR, HOSTLER_ERROR_STALE))
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
	g_autoptr(GPtrArray) stays = forward_stays_open(host);
	gboolean settled = settle_kernel(host, stays);

	settle_links(host, stays);
	return settled;
}

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
