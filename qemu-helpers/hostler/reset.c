/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler reset: the devices of a VM that does not run, by hand. */
#include "core/reset.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "domain-source.h"
#include "hostler/error.h"
#include "hostler/text.h"
#include "paper.h"
#include "plugins/reset/suspend.h"
#include "qemu-helpers/json/ascii.h"

static void print_json(const Paper *paper, const GPtrArray *said, gboolean sound)
{
	g_autoptr(JsonBuilder) builder = json_builder_new_immutable();

	json_builder_begin_object(builder);
	json_add_truth(builder, "sound", sound);
	json_builder_set_member_name(builder, "resets");
	json_builder_begin_array(builder);
	for (guint i = 0; i < said->len; i++)
		json_builder_add_string_value(builder, g_ptr_array_index(said, i));
	json_builder_end_array(builder);
	json_builder_end_object(builder);
	paper_print_json(paper, builder);
}

static void print(const Request *request, const GPtrArray *said, gboolean sound)
{
	Paper paper = paper_open();

	if (request->json)
		print_json(&paper, said, sound);
	for (guint i = 0; !request->json && i < said->len; i++) {
		g_autofree char *text = paper_text(g_ptr_array_index(said, i));
		g_autofree char *line = g_strconcat(text, "\n", NULL);

		paper_print(&paper, INK_PLAIN, 0, line);
	}
}

/* If we are killed, whoever settles next takes the devices back: the shell that
 * called us may live for long. */
static void be_caller(HostlerHost *host)
{
	if (!host->ops->process_find(host, (int)getpid(), &host->caller))
		host->caller.pid = 0;
}

static int reset(HostlerHost *host, const Request *request, HostlerDomain *domain, GError **error)
{
	g_autoptr(GPtrArray) said = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *shown = hostler_text_shown(domain->name);
	gboolean sound;

	be_caller(host);
	if (domain->devices->len == 0) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS, "VM '%s' has no PCI device of the host's",
			    shown);
		return EXIT_COULD_NOT;
	}
	sound = (!request->suspend || reset_suspend_allowed(host, domain->uuid, error)) &&
		hostler_lifecycle_reset(host, domain, request->suspend ? reset_by_suspend : NULL, said, error);
	print(request, said, sound);
	if (!sound)
		g_prefix_error(error, "VM '%s': ", shown);
	return sound ? EXIT_FINE : EXIT_REFUSED;
}

int command_reset(HostlerHost *host, const Request *request, GError **error)
{
	g_autoptr(HostlerDomain) domain = NULL;
	char *xml;

	xml = request->xml_file != NULL ? domain_xml_from_file(request->xml_file, error) :
					  domain_xml_from_libvirt(request->vm, error);
	if (xml == NULL)
		return EXIT_COULD_NOT;
	host->deadline = host->ops->monotonic(host) + host->config.hook_deadline * G_USEC_PER_SEC;
	domain = hostler_domain_from_xml(xml, strlen(xml), error);
	free(xml);
	return domain != NULL ? reset(host, request, domain, error) : EXIT_COULD_NOT;
}
