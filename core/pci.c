/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI devices that a domain takes from the host. */

#include <string.h>

#include "core/devices.h"
#include "hostler/text.h"

void hostler_pci_free(gpointer data)
{
	HostlerPciDevice *device = data;

	g_free(device->bdf);
	g_free(device);
}

static gboolean read_managed(HostlerXml *xml, gboolean *managed, GError **error)
{
	const char *text = hostler_xml_attribute(xml, "managed");
	g_autofree char *shown = NULL;

	*managed = g_strcmp0(text, "yes") == 0;
	if (text == NULL || *managed || g_str_equal(text, "no"))
		return TRUE;
	shown = hostler_text_shown(text);
	return hostler_xml_fail(xml, error, "managed '%s' is neither 'yes' nor 'no'", shown);
}

gboolean hostler_pci_begin(HostlerXml *xml, HostlerDomain *domain, HostlerPciOrigin origin, GError **error)
{
	HostlerPciDevice *device;
	gboolean managed;

	if (!read_managed(xml, &managed, error))
		return FALSE;
	if (domain->devices->len >= HOSTLER_MAX_DEVICES)
		return hostler_xml_fail(xml, error, "more than %d PCI devices", HOSTLER_MAX_DEVICES);
	device = g_new0(HostlerPciDevice, 1);
	device->origin = origin;
	device->managed = managed;
	g_ptr_array_add(domain->devices, device);
	return TRUE;
}

HostlerPciDevice *hostler_pci_pending(const HostlerDomain *domain)
{
	guint n = domain->devices->len;
	HostlerPciDevice *last = n > 0 ? g_ptr_array_index(domain->devices, n - 1) : NULL;

	return last != NULL && last->bdf == NULL ? last : NULL;
}

void hostler_pci_drop(HostlerDomain *domain)
{
	g_ptr_array_set_size(domain->devices, (int)domain->devices->len - 1);
}

/* Decimal, 0x hexadecimal or 0 octal, as libvirt takes them, but neither sign
 * nor space. */
static gboolean read_number(const char *text, guint max, guint *number)
{
	guint64 value;
	guint base = 10;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		base = 16;
	else if (text[0] == '0' && text[1] != '\0')
		base = 8;
	if (!g_ascii_string_to_unsigned(base == 16 ? text + 2 : text, base, 0, max, &value, NULL))
		return FALSE;
	*number = (guint)value;
	return TRUE;
}

static char *read_bdf(HostlerXml *xml, GError **error)
{
	static const struct {
		const char *name;
		guint max;
	} parts[] = {{"domain", 0xffff}, {"bus", 0xff}, {"slot", 0x1f}, {"function", 7}};
	guint numbers[G_N_ELEMENTS(parts)] = {0}; /* what is left out is 0, as for libvirt */
	guint given = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		const char *text = hostler_xml_attribute(xml, parts[i].name);
		g_autofree char *shown = NULL;

		if (text == NULL)
			continue;
		given += i > 0;
		if (read_number(text, parts[i].max, &numbers[i]))
			continue;
		shown = hostler_text_shown(text);
		hostler_xml_fail(xml, error, "%s '%s' is no part of a PCI address; it must be from 0 to 0x%x",
				 parts[i].name, shown, parts[i].max);
		return NULL;
	}
	if (given > 0)
		return g_strdup_printf("%04x:%02x:%02x.%u", numbers[0], numbers[1], numbers[2], numbers[3]);
	hostler_xml_fail(xml, error, "neither bus, slot nor function is given; 'lspci -D' shows them");
	return NULL;
}

gboolean hostler_pci_begin_address(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerPciDevice *device = hostler_pci_pending(data);

	if (device == NULL)
		return TRUE;
	device->bdf = read_bdf(xml, error);
	return device->bdf != NULL;
}

static const HostlerPciDevice *find_twin(const HostlerDomain *domain, const HostlerPciDevice *device)
{
	for (guint i = 0; i + 1 < domain->devices->len; i++) {
		const HostlerPciDevice *other = g_ptr_array_index(domain->devices, i);

		if (g_str_equal(other->bdf, device->bdf))
			return other;
	}
	return NULL;
}

gboolean hostler_pci_end(HostlerXml *xml, HostlerDomain *domain, GError **error)
{
	const HostlerPciDevice *device;
	const HostlerPciDevice *twin;

	if (hostler_pci_pending(domain) != NULL)
		return hostler_xml_fail(xml, error,
					"a PCI device without <source><address bus='…' slot='…' function='…'/>");
	device = g_ptr_array_index(domain->devices, domain->devices->len - 1);
	twin = find_twin(domain, device);
	if (twin == NULL)
		return TRUE;
	/* Disks on namespaces of one NVMe controller are one device. */
	if (twin->origin != HOSTLER_PCI_NVME || device->origin != HOSTLER_PCI_NVME ||
	    twin->managed != device->managed)
		return hostler_xml_fail(xml, error, "PCI device %s is listed twice; remove one of the two",
					device->bdf);
	hostler_pci_drop(domain);
	return TRUE;
}

gboolean hostler_hostdev_begin(HostlerXml *xml, gpointer data, GError **error)
{
	if (g_strcmp0(hostler_xml_attribute(xml, "type"), "pci") == 0)
		return hostler_pci_begin(xml, data, HOSTLER_PCI_HOSTDEV, error);
	hostler_xml_skip(xml); /* usb, scsi, mdev: no PCI device changes hands */
	return TRUE;
}

gboolean hostler_hostdev_end(HostlerXml *xml, gpointer data, GError **error)
{
	return hostler_pci_end(xml, data, error);
}

static const HostlerXmlElement source_children[] = {
	{.name = "address", .once = TRUE, .begin = hostler_pci_begin_address},
	{.name = NULL},
};

/* It may stand before <source>, but within the same <hostdev>. */
static gboolean begin_rom(HostlerXml *xml, gpointer data, GError **error)
{
	const HostlerDomain *domain = data;
	HostlerPciDevice *device = g_ptr_array_index(domain->devices, domain->devices->len - 1);

	device->rom = hostler_xml_attribute(xml, "file") != NULL;
	return TRUE;
}

const HostlerXmlElement hostler_hostdev_children[] = {
	{.name = "source", .once = TRUE, .children = source_children},
	{.name = "rom", .begin = begin_rom},
	{.name = NULL},
};
