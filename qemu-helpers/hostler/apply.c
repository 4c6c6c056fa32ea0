/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler apply: what the metadata of a running VM says now, without a restart. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "core/apply.h"
#include "domain-source.h"
#include "hostler/domain.h"
#include "hostler/text.h"
#include "qemu-helpers/json/ascii.h"
#include "verdict.h"

static void say_applied_json(const Paper *paper, const VerdictSubject *subject, const HostlerFindings *findings)
{
	g_autoptr(JsonBuilder) builder = json_builder_new_immutable();

	json_builder_begin_object(builder);
	json_add_truth(builder, "applied", TRUE);
	json_builder_set_member_name(builder, "uuid");
	json_builder_add_string_value(builder, subject->uuid);
	verdict_add_findings(builder, subject, findings);
	json_builder_end_object(builder);
	paper_print_json(paper, builder);
}

/* What is no reason to refuse it is worth knowing all the same, as before a start. */
static void say_applied(const Paper *paper, const Request *request, const VerdictSubject *subject,
			const HostlerFindings *findings)
{
	g_autofree char *name = paper_text(subject->name);
	g_autofree char *text = g_strdup_printf("VM '%s': what its metadata says holds now; see: hostler status\n",
						name);

	if (request->json) {
		say_applied_json(paper, subject, findings);
		return;
	}
	verdict_print_findings(paper, subject, findings);
	paper_print(paper, INK_PLAIN, 0, text);
}

static int refuse(const Paper *paper, const Request *request, const VerdictSubject *subject,
		  const HostlerFindings *findings)
{
	if (request->json)
		verdict_print_json(paper, subject, findings);
	else
		verdict_print(paper, subject, findings);
	return EXIT_REFUSED;
}

static int apply(HostlerHost *host, const Request *request, const HostlerDomain *domain, GError **error)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	VerdictSubject subject = { .name = domain->name, .uuid = domain->uuid, .kind = VERDICT_APPLY };
	g_autofree char *shown = hostler_text_shown(domain->name);
	Paper paper = paper_open();
	g_autoptr(GError) local = NULL;

	if (hostler_apply(host, domain, findings, &local)) {
		say_applied(&paper, request, &subject, findings);
		return EXIT_FINE;
	}
	if (hostler_findings_worst(findings) == HOSTLER_SEVERITY_REFUSE)
		return refuse(&paper, request, &subject, findings);
	g_propagate_prefixed_error(error, g_steal_pointer(&local), "VM '%s': ", shown);
	return EXIT_COULD_NOT;
}

int command_apply(HostlerHost *host, const Request *request, GError **error)
{
	g_autoptr(HostlerDomain) domain = NULL;
	char *xml;

	if (request->config_error != NULL) {
		g_propagate_error(error, g_error_copy(request->config_error));
		return EXIT_COULD_NOT;
	}
	xml = request->vm != NULL ? domain_xml_of_running(request->vm, error) :
				    domain_xml_from_file(request->xml_file, error);
	if (xml == NULL)
		return EXIT_COULD_NOT;
	/* However long libvirt took to answer, there is the full time. */
	host->deadline = host->ops->monotonic(host) + host->config.hook_deadline * G_USEC_PER_SEC;
	domain = hostler_domain_from_xml(xml, strlen(xml), error);
	free(xml);
	return domain != NULL ? apply(host, request, domain, error) : EXIT_COULD_NOT;
}
