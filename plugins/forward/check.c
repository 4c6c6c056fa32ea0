/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the host stands against a forward: others' tables, other VMs, an address
 * that is not there. Reads only. */
#include "plugins/forward/check.h"

#include "plugins/forward/reserve.h"

static void check_kernel(HostlerHost *host, const char *uuid, const GArray *spans, HostlerFindings *findings)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(ForwardDesired) keys = forward_reserve_keys(host, uuid, spans);
	g_autoptr(ForwardRuleset) ruleset = forward_ruleset_read(host, keys, &error);
	const char *foreign = ruleset != NULL ? forward_ruleset_foreign(ruleset) : NULL;
	g_autofree char *mend = g_strdup_printf("remove it (nft delete table %s) or give it another name", foreign);

	if (ruleset == NULL)
		hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_FIREWALL, NULL,
				     "see whether root can: nft list ruleset", "no port can be forwarded: %s",
				     error->message);
	else if (foreign != NULL)
		hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_FIREWALL, NULL, mend,
				     "no port can be forwarded: there is a table '%s' in nf_tables that is not "
				     "hostler's", foreign);
	else
		forward_reserve_check(host, uuid, spans, ruleset, findings);
}

/* nf_tables does not show rules of iptables-legacy, and the kernel asks both. */
static void check_legacy(HostlerHost *host, const char *path, const char *command, HostlerFindings *findings)
{
	g_autofree char *text = host->ops->kernel_text(host, path);
	g_auto(GStrv) tables = g_strsplit(text != NULL ? text : "", "\n", -1);
	g_autofree char *mend = g_strdup_printf("update-alternatives --set %s /usr/sbin/%s-nft, and reboot", command,
						command);

	if (g_strv_contains((const char *const *)tables, "filter"))
		hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_FIREWALL, NULL, mend,
				     "no port can be forwarded: this host filters with %s-legacy, whose rules would "
				     "reject what comes and are not seen by nf_tables", command);
}

static void check_addresses(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings)
{
	g_auto(GStrv) addresses = host->ops->addresses(host, NULL);

	for (guint i = 0; addresses != NULL && i < domain->settings.forwards->len; i++) {
		const HostlerForward *forward = g_ptr_array_index(domain->settings.forwards, i);

		if (forward->address != NULL &&
		    !g_strv_contains((const char *const *)addresses, forward->address))
			hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_ADDRESS, NULL,
					     "ip -brief address shows those that it has; correct address=: virsh edit VM",
					     "address=\"%s\" of <portForward> is no address of this host",
					     forward->address);
	}
}

void forward_check_host(HostlerHost *host, const HostlerDomain *domain, const GArray *spans,
			HostlerFindings *findings)
{
	check_addresses(host, domain, findings);
	check_legacy(host, "/proc/net/ip_tables_names", "iptables", findings);
	check_legacy(host, "/proc/net/ip6_tables_names", "ip6tables", findings);
	check_kernel(host, domain->uuid, spans, findings);
}
