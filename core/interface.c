/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network interfaces of a domain. */

#include "core/devices.h"
#include "hostler/text.h"

typedef struct {
	const char *name;
	const char *source; /* the attribute of <source> that names the host's side; NULL: none does */
} InterfaceType;

static const InterfaceType types[] = {
	[HOSTLER_NIC_NETWORK] = {"network", NULL},
	[HOSTLER_NIC_BRIDGE] = {"bridge", NULL},
	[HOSTLER_NIC_DIRECT] = {"direct", "dev"},
	[HOSTLER_NIC_USER] = {"user", "dev"},
	[HOSTLER_NIC_ETHERNET] = {"ethernet", NULL},
	[HOSTLER_NIC_HOSTDEV] = {"hostdev", NULL},
	[HOSTLER_NIC_INTERNAL] = {"internal", "name"},
	[HOSTLER_NIC_VHOSTUSER] = {"vhostuser", "path"},
	[HOSTLER_NIC_VDPA] = {"vdpa", "dev"},
	[HOSTLER_NIC_VDS] = {"vds", "switchid"},
	[HOSTLER_NIC_UDP] = {"udp", "address"},
	[HOSTLER_NIC_CLIENT] = {"client", "address"},
	[HOSTLER_NIC_SERVER] = {"server", "address"},
	[HOSTLER_NIC_MCAST] = {"mcast", "address"},
	[HOSTLER_NIC_NULL] = {"null", NULL},
};

void hostler_interface_free(gpointer data)
{
	HostlerInterface *nic = data;

	g_free(nic->type_name);
	g_free(nic->mac);
	g_free(nic->network);
	g_free(nic->bridge);
	g_free(nic->source);
	g_free(nic->mode);
	g_free(nic->target);
	g_free(nic->model);
	g_free(nic);
}

static HostlerInterface *last_interface(gpointer data)
{
	const GPtrArray *nics = ((HostlerDomain *)data)->interfaces;

	return g_ptr_array_index(nics, nics->len - 1);
}

gboolean hostler_interface_begin(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerDomain *domain = data;
	HostlerInterface *nic;
	const char *type = hostler_xml_attribute(xml, "type");

	if (domain->interfaces->len >= HOSTLER_MAX_DEVICES)
		return hostler_xml_fail(xml, error, "more than %d interfaces", HOSTLER_MAX_DEVICES);
	nic = g_new0(HostlerInterface, 1);
	nic->type_name = g_strdup(type != NULL ? type : "user"); /* libvirt's default */
	g_ptr_array_add(domain->interfaces, nic);
	for (guint i = HOSTLER_NIC_NETWORK; i < G_N_ELEMENTS(types); i++)
		if (g_str_equal(types[i].name, nic->type_name))
			nic->type = (HostlerInterfaceType)i;
	if (nic->type != HOSTLER_NIC_HOSTDEV)
		return TRUE;
	return hostler_pci_begin(xml, domain, HOSTLER_PCI_INTERFACE, error);
}

gboolean hostler_interface_end(HostlerXml *xml, gpointer data, GError **error)
{
	const HostlerInterface *nic = last_interface(data);
	gboolean has_device = nic->type == HOSTLER_NIC_HOSTDEV && nic->source != NULL;

	if (!has_device && hostler_pci_pending(data) == NULL)
		return TRUE;
	return hostler_pci_end(xml, data, error);
}

/* The port where there is one, as of sockets. */
static char *read_source(HostlerXml *xml, const char *named_by)
{
	const char *name = named_by != NULL ? hostler_xml_attribute(xml, named_by) : NULL;
	const char *port = hostler_xml_attribute(xml, "port");

	if (name != NULL && port != NULL && g_str_equal(named_by, "address"))
		return g_strdup_printf("%s:%s", name, port);
	return g_strdup(name);
}

/* An <actual> may have come before, in text that libvirt would order otherwise. */
static gboolean begin_source(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerInterface *nic = last_interface(data);

	nic->network = g_strdup(hostler_xml_attribute(xml, "network"));
	if (nic->bridge == NULL)
		nic->bridge = g_strdup(hostler_xml_attribute(xml, "bridge"));
	if (nic->type == HOSTLER_NIC_DIRECT)
		nic->mode = g_strdup(hostler_xml_attribute(xml, "mode"));
	if (nic->source == NULL)
		nic->source = read_source(xml, types[nic->type].source);
	return TRUE;
}

static gboolean begin_address(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerInterface *nic = last_interface(data);
	HostlerPciDevice *device = hostler_pci_pending(data);
	const char *type = hostler_xml_attribute(xml, "type");

	if (device == NULL)
		return TRUE;
	if (type != NULL && !g_str_equal(type, "pci")) {
		hostler_pci_drop(data); /* a USB network card */
		return TRUE;
	}
	if (!hostler_pci_begin_address(xml, data, error))
		return FALSE;
	g_free(nic->source);
	nic->source = g_strdup(device->bdf);
	return TRUE;
}

/* Hooks get a function of a network's pool as type='hostdev', and the bridge of
 * a network beside its name; libvirt's own notes leave the interface as it was
 * and say within it what became of it. */
static gboolean begin_actual(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerInterface *nic = last_interface(data);

	if (nic->type != HOSTLER_NIC_NETWORK || g_strcmp0(hostler_xml_attribute(xml, "type"), "hostdev") != 0)
		return TRUE;
	nic->type = HOSTLER_NIC_HOSTDEV;
	g_free(nic->type_name);
	nic->type_name = g_strdup("hostdev");
	return hostler_pci_begin(xml, data, HOSTLER_PCI_INTERFACE, error);
}

static gboolean begin_actual_source(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerInterface *nic = last_interface(data);

	if (nic->bridge == NULL)
		nic->bridge = g_strdup(hostler_xml_attribute(xml, "bridge"));
	return TRUE;
}

static gboolean begin_mac(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerInterface *nic = last_interface(data);
	const char *text = hostler_xml_attribute(xml, "address");
	g_autofree char *shown = NULL;

	nic->mac = hostler_text_mac(text);
	if (text == NULL || nic->mac != NULL)
		return TRUE;
	shown = hostler_text_shown(text);
	return hostler_xml_fail(xml, error, "address '%s' is no MAC", shown);
}

static gboolean begin_target(HostlerXml *xml, gpointer data, GError **error)
{
	last_interface(data)->target = g_strdup(hostler_xml_attribute(xml, "dev"));
	return TRUE;
}

static gboolean begin_model(HostlerXml *xml, gpointer data, GError **error)
{
	last_interface(data)->model = g_strdup(hostler_xml_attribute(xml, "type"));
	return TRUE;
}

static const HostlerXmlElement source_children[] = {
	{.name = "address", .once = TRUE, .begin = begin_address},
	{.name = NULL},
};

static const HostlerXmlElement actual_children[] = {
	{.name = "source", .once = TRUE, .begin = begin_actual_source, .children = source_children},
	{.name = NULL},
};

const HostlerXmlElement hostler_interface_children[] = {
	{.name = "source", .once = TRUE, .begin = begin_source, .children = source_children},
	{.name = "mac", .once = TRUE, .begin = begin_mac},
	{.name = "target", .once = TRUE, .begin = begin_target},
	{.name = "model", .once = TRUE, .begin = begin_model},
	{.name = "actual", .once = TRUE, .begin = begin_actual, .children = actual_children},
	{.name = NULL},
};
