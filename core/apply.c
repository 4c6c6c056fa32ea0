/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changed metadata of a running VM: what of it a plugin can take over. The stay is
 * what it was until all have said yes, and again when one cannot do it. */
#include "core/apply.h"

#include <string.h>

#include "core/lifecycle.h"
#include "hostler/error.h"
#include "hostler/lock.h"
#include "hostler/log.h"
#include "hostler/plugin.h"
#include "hostler/record.h"
#include "hostler/text.h"

static HostlerRecord *load_running(HostlerHost *host, const HostlerDomain *domain, GError **error)
{
	g_autoptr(HostlerRecord) stay = hostler_record_load(host, HOSTLER_RECORD_STAY, domain->uuid);

	if (stay != NULL && stay->phase == HOSTLER_PHASE_HELD && hostler_record_alive(host, stay))
		return g_steal_pointer(&stay);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS,
		    "it does not run, or hostler has not seen it start; what its metadata says counts from its next "
		    "start on, or now if it runs: systemctl restart libvirtd");
	return NULL;
}

static gboolean check(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings, GError **error)
{
	const HostlerPlugin *const *plugins = hostler_plugins();

	for (guint i = 0; plugins[i] != NULL; i++) {
		if (plugins[i]->apply != NULL && plugins[i]->check != NULL && plugins[i]->concerns(domain))
			plugins[i]->check(host, domain, findings);
	}
	return hostler_findings_allow(findings, error);
}

static gboolean fill(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error)
{
	const HostlerPlugin *const *plugins = hostler_plugins();

	for (guint i = 0; plugins[i] != NULL; i++) {
		if (plugins[i]->apply == NULL)
			continue;
		if (!plugins[i]->concerns(domain))
			lifecycle_forget_groups(stay, plugins[i]->name);
		else if (!plugins[i]->apply(host, domain, stay, error))
			return FALSE;
	}
	return hostler_record_store(host, stay, error);
}

static void settle(HostlerHost *host)
{
	const HostlerPlugin *const *plugins = hostler_plugins();

	for (guint i = 0; plugins[i] != NULL; i++) {
		if (plugins[i]->apply != NULL && plugins[i]->settle != NULL)
			plugins[i]->settle(host, HOSTLER_SETTLE_IN_FULL);
	}
}

static void put_back(HostlerHost *host, const HostlerRecord *before)
{
	g_autoptr(GError) error = NULL;

	if (!hostler_record_store(host, before, &error))
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error),
			    &(HostlerSubject){ .vm = before->name, .uuid = before->uuid },
			    "the record of VM %s cannot be put back: %s", before->uuid, error->message);
}

gboolean hostler_apply(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings, GError **error)
{
	g_autoptr(HostlerLock) lock = hostler_lock_wait(host, domain->uuid, error);
	g_autoptr(HostlerRecord) before = lock != NULL ? load_running(host, domain, error) : NULL;
	g_autoptr(HostlerRecord) stay = NULL;
	g_autofree char *text = NULL;
	gboolean applied;

	if (before == NULL || !check(host, domain, findings, error))
		return FALSE;
	text = hostler_record_to_text(before);
	stay = hostler_record_from_text(HOSTLER_RECORD_STAY, before->key, text, strlen(text), error);
	if (stay == NULL)
		return FALSE;
	applied = fill(host, domain, stay, error);
	if (!applied)
		put_back(host, before);
	settle(host);
	return applied;
}
