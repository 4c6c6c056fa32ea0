/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's <domain> -> HostlerDomain. */

#include "hostler/domain.h"

#include <string.h>

#include "core/devices.h"
#include "core/platform.h"
#include "core/settings.h"
#include "hostler/text.h"

#define LONGEST_NAME 255 /* bytes: a file name, as libvirt makes of it */

static gboolean end_uuid(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerDomain *domain = data;
	g_autofree char *text = g_strstrip(g_strdup(hostler_xml_text(xml)));
	g_autofree char *shown = NULL;

	domain->uuid = hostler_text_uuid(text);
	if (domain->uuid != NULL)
		return TRUE;
	shown = hostler_text_shown(text);
	return hostler_xml_fail(xml, error, "'%s' is no UUID; 'uuidgen' makes one", shown);
}

/* Names may be any text, but not what libvirt itself refuses. */
static gboolean end_name(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerDomain *domain = data;
	const char *text = hostler_xml_text(xml);

	if (text[0] == '\0' || strlen(text) > LONGEST_NAME || strpbrk(text, "/\n") != NULL) {
		g_autofree char *shown = hostler_text_shown(text);

		return hostler_xml_fail(xml, error, "'%s' is no name of a VM: empty, longer than %d bytes, "
					"or with a slash or line end in it", shown, LONGEST_NAME);
	}
	domain->name = g_strdup(text);
	return TRUE;
}

static gboolean end_domain(HostlerXml *xml, gpointer data, GError **error)
{
	const HostlerDomain *domain = data;

	if (domain->uuid == NULL || domain->name == NULL)
		return hostler_xml_fail(xml, error, "there is no <%s> directly below",
					domain->uuid == NULL ? "uuid" : "name");
	return TRUE;
}

static const HostlerXmlElement devices_children[] = {
	{.name = "hostdev", .children = hostler_hostdev_children, .begin = hostler_hostdev_begin,
	 .end = hostler_hostdev_end},
	{.name = "interface", .children = hostler_interface_children, .begin = hostler_interface_begin,
	 .end = hostler_interface_end},
	{.name = "disk", .children = hostler_disk_children, .begin = hostler_disk_begin},
	{.name = NULL},
};

static const HostlerXmlElement domain_children[] = {
	{.name = "uuid", .once = TRUE, .text = TRUE, .end = end_uuid},
	{.name = "name", .once = TRUE, .text = TRUE, .end = end_name},
	{.name = "devices", .once = TRUE, .children = devices_children},
	{.name = "os", .children = hostler_os_children, .begin = hostler_os_begin},
	{.name = "features", .children = hostler_features_children},
	{.name = "memory", .text = TRUE, .begin = hostler_memory_begin, .end = hostler_memory_end},
	{.name = "memtune", .children = hostler_memtune_children},
	{.name = "memoryBacking", .children = hostler_memory_backing_children},
	{.name = "metadata", .once = TRUE, .children = hostler_settings_grammar},
	{.name = NULL},
};

static const HostlerXmlElement roots[] = {
	{.name = "domain", .children = domain_children, .end = end_domain},
	{.name = NULL},
};

static const HostlerXmlElement wrapped[] = {
	{.name = "domain", .once = TRUE, .children = domain_children, .end = end_domain},
	{.name = NULL},
};

static const HostlerXmlElement status_roots[] = {
	{.name = "domstatus", .children = wrapped},
	{.name = NULL},
};

static HostlerDomain *read_domain(const char *xml, gsize length, const HostlerXmlElement *from, GError **error)
{
	g_autoptr(HostlerDomain) domain = g_new0(HostlerDomain, 1);

	domain->devices = g_ptr_array_new_with_free_func(hostler_pci_free);
	domain->interfaces = g_ptr_array_new_with_free_func(hostler_interface_free);
	domain->disks = g_ptr_array_new_with_free_func(hostler_disk_free);
	hostler_settings_init(&domain->settings);
	return hostler_xml_walk(xml, length, from, domain, error) ? g_steal_pointer(&domain) : NULL;
}

HostlerDomain *hostler_domain_from_xml(const char *xml, gsize length, GError **error)
{
	HostlerDomain *domain = read_domain(xml, length, roots, error);

	if (domain == NULL)
		g_prefix_error(error, "the VM's XML, ");
	return domain;
}

HostlerDomain *hostler_domain_from_status(const char *xml, gsize length, GError **error)
{
	g_autoptr(HostlerDomain) domain = read_domain(xml, length, status_roots, error);

	if (domain == NULL) {
		g_prefix_error(error, "libvirt's note on the VM, ");
		return NULL;
	}
	if (domain->uuid != NULL)
		return g_steal_pointer(&domain);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_XML, "libvirt's note on the VM has no <domain>");
	return NULL;
}

void hostler_domain_free(HostlerDomain *domain)
{
	if (domain == NULL)
		return;
	g_free(domain->uuid);
	g_free(domain->name);
	g_ptr_array_unref(domain->devices);
	g_ptr_array_unref(domain->interfaces);
	g_ptr_array_unref(domain->disks);
	hostler_platform_clear(&domain->platform);
	hostler_settings_clear(&domain->settings);
	g_free(domain);
}
