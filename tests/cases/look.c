/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings and stays, a line each. */
#include "look.h"

#include "fakehost.h"
#include "hostler/plugin.h"

void look_at_findings(HostlerHost *host, const HostlerFindings *findings)
{
	static const char *const severities[] = { "note", "advice", "refuse" };

	for (guint i = 0; i < findings->items->len; i++) {
		const HostlerFinding *finding = g_ptr_array_index(findings->items, i);

		fakehost_note(host, "%s %s: %s%s%s", severities[finding->severity],
			      hostler_error_code_name(finding->code), finding->text,
			      finding->mend != NULL ? "; " : "", finding->mend != NULL ? finding->mend : "");
	}
}

void look_for_advice(HostlerHost *host, const HostlerDomain *domain)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();

	hostler_plugin_advice.check(host, domain, findings);
	look_at_findings(host, findings);
}

void look_at_stay(HostlerHost *host, const HostlerDomain *domain)
{
	g_autoptr(HostlerRecord) stay = hostler_record_load(host, HOSTLER_RECORD_STAY, domain->uuid);
	g_auto(GStrv) groups = g_key_file_get_groups(stay->body, NULL);

	for (gsize i = 0; groups[i] != NULL; i++) {
		g_auto(GStrv) keys = g_key_file_get_keys(stay->body, groups[i], NULL, NULL);

		if (!g_str_has_prefix(groups[i], "metrics-"))
			continue;
		for (gsize k = 0; keys[k] != NULL; k++) {
			g_autofree char *value = g_key_file_get_string(stay->body, groups[i], keys[k], NULL);

			fakehost_note(host, "[%s] %s=%s", groups[i], keys[k], value);
		}
	}
}
