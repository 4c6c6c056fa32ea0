/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler check: what libvirt's `prepare` would find, all of it; or what the host
 * alone is fit for; or what a dump of another host tells. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "core/lifecycle.h"
#include "domain-source.h"
#include "hostler/capabilities.h"
#include "plugins/advice/dump.h"
#include "verdict.h"

#define THIS_HOST "this host"

/* What keeps the hook from even looking keeps the VM from starting. */
static void add_error(HostlerFindings *findings, const GError *error)
{
	HostlerErrorCode code = error->domain == HOSTLER_ERROR ? (HostlerErrorCode)error->code : HOSTLER_ERROR_HOST;

	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, code, NULL, NULL, "%s", error->message);
}

static int print(const Request *request, const VerdictSubject *subject, const HostlerFindings *findings)
{
	Paper paper = paper_open();

	if (request->json)
		verdict_print_json(&paper, subject, findings);
	else
		verdict_print(&paper, subject, findings);
	return verdict_status(findings);
}

/* --- a VM --- */

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

static int check_vm(HostlerHost *host, const Request *request, GError **error)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	VerdictSubject subject = { .name = request->vm != NULL ? request->vm : request->xml_file };
	g_autoptr(HostlerDomain) domain = NULL;
	char *xml;

	xml = request->vm != NULL ? domain_xml_from_libvirt(request->vm, error) :
				    domain_xml_from_file(request->xml_file, error);
	if (xml == NULL)
		return EXIT_COULD_NOT;
	/* However long libvirt took to answer, the checks have their full time. */
	host->deadline = host->ops->monotonic(host) + host->config.hook_deadline * G_USEC_PER_SEC;
	domain = find(host, request, xml, findings);
	free(xml);
	if (domain != NULL) {
		subject.name = domain->name;
		subject.uuid = domain->uuid;
	}
	return print(request, &subject, findings);
}

/* --- what is no VM --- */

static int check_host(HostlerHost *host, const Request *request)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	VerdictSubject subject = { .name = THIS_HOST, .kind = VERDICT_HOST };

	if (request->config_error != NULL)
		add_error(findings, request->config_error);
	hostler_lifecycle_check_host(host, findings);
	return print(request, &subject, findings);
}

static int check_dump(const Request *request, GError **error)
{
	g_autoptr(GPtrArray) dump = hostler_dump_read(request->dump_file, error);
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	VerdictSubject subject = { .name = request->dump_file, .kind = VERDICT_DUMP };

	if (dump == NULL)
		return EXIT_COULD_NOT;
	advice_explain_dump(dump, findings);
	return print(request, &subject, findings);
}

int command_check(HostlerHost *host, const Request *request, GError **error)
{
	if (request->dump_file != NULL)
		return check_dump(request, error);
	if (request->vm != NULL || request->xml_file != NULL)
		return check_vm(host, request, error);
	return check_host(host, request);
}
