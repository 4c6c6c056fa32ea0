/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler check: what libvirt's `prepare` would find, all of it. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "core/lifecycle.h"
#include "domain-source.h"
#include "verdict.h"

/* What keeps the hook from even looking keeps the VM from starting. */
static void add_error(HostlerFindings *findings, const GError *error)
{
	HostlerErrorCode code = error->domain == HOSTLER_ERROR ? (HostlerErrorCode)error->code : HOSTLER_ERROR_HOST;

	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, code, NULL, NULL, "%s", error->message);
}

static HostlerDomain *find(HostlerHost *host, const Request *request, const char *xml, HostlerFindings *findings)
{
	g_autoptr(GError) error = NULL;
	HostlerDomain *domain = hostler_domain_from_xml(xml, strlen(xml), &error);

	if (request->config_error != NULL)
		add_error(findings, request->config_error);
	if (domain == NULL)
		add_error(findings, error);
	else
		hostler_lifecycle_check(host, domain, findings);
	return domain;
}

int command_check(HostlerHost *host, const Request *request, GError **error)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	const char *name = request->vm != NULL ? request->vm : request->xml_file;
	g_autoptr(HostlerDomain) domain = NULL;
	Paper paper = paper_open();
	char *xml;

	xml = request->vm != NULL ? domain_xml_from_libvirt(request->vm, error) :
				    domain_xml_from_file(request->xml_file, error);
	if (xml == NULL)
		return EXIT_COULD_NOT;
	/* However long libvirt took to answer, the checks have their full time. */
	host->deadline = host->ops->monotonic(host) + host->config.hook_deadline * G_USEC_PER_SEC;
	domain = find(host, request, xml, findings);
	free(xml);
	if (request->json)
		verdict_print_json(&paper, domain != NULL ? domain->name : name,
				   domain != NULL ? domain->uuid : NULL, findings);
	else
		verdict_print(&paper, domain != NULL ? domain->name : name, findings);
	return verdict_status(findings);
}
