/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disks of a domain, and the NVMe controllers behind some of them. */

#include "core/devices.h"
#include "hostler/text.h"

void hostler_disk_free(gpointer data)
{
	HostlerDisk *disk = data;

	g_free(disk->type);
	g_free(disk->device);
	g_free(disk->source);
	g_free(disk->target);
	g_free(disk->bus);
	g_free(disk->format);
	g_free(disk->cache);
	g_free(disk->io);
	g_free(disk->server);
	g_free(disk);
}

static HostlerDisk *last_disk(gpointer data)
{
	const GPtrArray *disks = ((HostlerDomain *)data)->disks;

	return g_ptr_array_index(disks, disks->len - 1);
}

static char *copy_attribute(const HostlerXml *xml, const char *name, const char *fallback)
{
	const char *text = hostler_xml_attribute(xml, name);

	return g_strdup(text != NULL ? text : fallback);
}

gboolean hostler_disk_begin(HostlerXml *xml, gpointer data, GError **error)
{
	GPtrArray *disks = ((HostlerDomain *)data)->disks;
	HostlerDisk *disk;

	if (disks->len >= HOSTLER_MAX_DEVICES)
		return hostler_xml_fail(xml, error, "more than %d disks", HOSTLER_MAX_DEVICES);
	disk = g_new0(HostlerDisk, 1);
	disk->type = copy_attribute(xml, "type", "file"); /* both are libvirt's defaults */
	disk->device = copy_attribute(xml, "device", "disk");
	g_ptr_array_add(disks, disk);
	return TRUE;
}

static char *join(const HostlerXml *xml, const char *left, const char *separator, const char *right)
{
	g_autofree char *a = copy_attribute(xml, left, "");
	g_autofree char *b = copy_attribute(xml, right, "");

	return g_strconcat(a, separator, b, NULL);
}

static char *read_source(const HostlerXml *xml, const char *type)
{
	static const struct {
		const char *type;
		const char *attribute;
	} names[] = {{"file", "file"}, {"block", "dev"}, {"dir", "dir"}, {"vhostuser", "path"}, {"vhostvdpa", "dev"}};

	if (g_str_equal(type, "network"))
		return join(xml, "protocol", ":", "name");
	if (g_str_equal(type, "volume"))
		return join(xml, "pool", "/", "volume");
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_str_equal(type, names[i].type))
			return copy_attribute(xml, names[i].attribute, NULL);
	return NULL;
}

static gboolean begin_source(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerDisk *disk = last_disk(data);
	const char *bus = hostler_xml_attribute(xml, "type");
	g_autofree char *shown = NULL;

	disk->source = read_source(xml, disk->type);
	if (!g_str_equal(disk->type, "nvme"))
		return TRUE;
	if (bus == NULL || g_str_equal(bus, "pci"))
		return hostler_pci_begin(xml, data, HOSTLER_PCI_NVME, error);
	shown = hostler_text_shown(bus);
	return hostler_xml_fail(xml, error, "an NVMe disk of type '%s' is not served; write type='pci'", shown);
}

static gboolean end_source(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerDisk *disk = last_disk(data);
	const HostlerDomain *domain = data;
	const HostlerPciDevice *device;

	if (!g_str_equal(disk->type, "nvme"))
		return TRUE;
	device = g_ptr_array_index(domain->devices, domain->devices->len - 1);
	disk->source = g_strdup(device->bdf);
	return hostler_pci_end(xml, data, error);
}

static gboolean begin_target(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerDisk *disk = last_disk(data);

	disk->target = copy_attribute(xml, "dev", NULL);
	disk->bus = copy_attribute(xml, "bus", NULL);
	return TRUE;
}

static gboolean begin_driver(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerDisk *disk = last_disk(data);

	disk->format = copy_attribute(xml, "type", NULL);
	disk->cache = copy_attribute(xml, "cache", NULL);
	disk->io = copy_attribute(xml, "io", NULL);
	return TRUE;
}

/* One of several is enough to know the server by. */
static gboolean begin_host(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerDisk *disk = last_disk(data);

	if (disk->server == NULL)
		disk->server = copy_attribute(xml, "name", NULL);
	return TRUE;
}

static gboolean begin_read_only(HostlerXml *xml, gpointer data, GError **error)
{
	last_disk(data)->read_only = TRUE;
	return TRUE;
}

static const HostlerXmlElement source_children[] = {
	{.name = "host", .begin = begin_host},
	{.name = "address", .once = TRUE, .begin = hostler_pci_begin_address},
	{.name = NULL},
};

const HostlerXmlElement hostler_disk_children[] = {
	{.name = "source", .once = TRUE, .begin = begin_source, .end = end_source, .children = source_children},
	{.name = "target", .once = TRUE, .begin = begin_target},
	{.name = "driver", .once = TRUE, .begin = begin_driver},
	{.name = "readonly", .begin = begin_read_only},
	{.name = NULL},
};
