/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM is built of: machine, firmware, what it hides of the hypervisor, memory. */

#include "core/platform.h"

static HostlerPlatform *platform_of(gpointer data)
{
	return &((HostlerDomain *)data)->platform;
}

static gboolean says(const HostlerXml *xml, const char *attribute, const char *value)
{
	return g_strcmp0(hostler_xml_attribute(xml, attribute), value) == 0;
}

void hostler_platform_clear(HostlerPlatform *platform)
{
	g_free(platform->machine);
}

/* --- <os> --- */

gboolean hostler_os_begin(HostlerXml *xml, gpointer data, GError **error)
{
	platform_of(data)->uefi = says(xml, "firmware", "efi");
	return TRUE;
}

static gboolean begin_type(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerPlatform *platform = platform_of(data);

	g_free(platform->machine);
	platform->machine = g_strdup(hostler_xml_attribute(xml, "machine"));
	return TRUE;
}

/* In flash memory there is never a BIOS. */
static gboolean begin_loader(HostlerXml *xml, gpointer data, GError **error)
{
	platform_of(data)->uefi |= says(xml, "type", "pflash");
	return TRUE;
}

const HostlerXmlElement hostler_os_children[] = {
	{.name = "type", .begin = begin_type},
	{.name = "loader", .begin = begin_loader},
	{.name = NULL},
};

/* --- <features> --- */

static gboolean begin_hidden(HostlerXml *xml, gpointer data, GError **error)
{
	platform_of(data)->kvm_hidden = says(xml, "state", "on");
	return TRUE;
}

static gboolean begin_hyperv(HostlerXml *xml, gpointer data, GError **error)
{
	platform_of(data)->hyperv = TRUE;
	return TRUE;
}

static gboolean begin_vendor_id(HostlerXml *xml, gpointer data, GError **error)
{
	platform_of(data)->vendor_id = says(xml, "state", "on");
	return TRUE;
}

static const HostlerXmlElement kvm_children[] = {
	{.name = "hidden", .begin = begin_hidden},
	{.name = NULL},
};

static const HostlerXmlElement hyperv_children[] = {
	{.name = "vendor_id", .begin = begin_vendor_id},
	{.name = NULL},
};

const HostlerXmlElement hostler_features_children[] = {
	{.name = "kvm", .children = kvm_children},
	{.name = "hyperv", .children = hyperv_children, .begin = begin_hyperv},
	{.name = NULL},
};

/* --- memory: what a size is told in comes before the number, so it waits in the
 * number's place --- */

static guint64 read_unit(const char *unit)
{
	static const struct {
		const char *name;
		guint64 bytes;
	} units[] = {
		{"b", 1}, {"bytes", 1}, {"KB", 1000}, {"k", 1 << 10}, {"KiB", 1 << 10}, {"MB", 1000 * 1000},
		{"M", 1 << 20}, {"MiB", 1 << 20}, {"GB", 1000 * 1000 * 1000}, {"G", 1 << 30}, {"GiB", 1 << 30},
		{"TB", G_GUINT64_CONSTANT(1000000000000)}, {"T", G_GUINT64_CONSTANT(1) << 40},
		{"TiB", G_GUINT64_CONSTANT(1) << 40},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
		if (g_strcmp0(unit, units[i].name) == 0)
			return units[i].bytes;
	return unit == NULL ? 1 << 10 : 0; /* libvirt's default is KiB */
}

static guint64 read_size(const char *text, guint64 unit)
{
	g_autofree char *number = g_strstrip(g_strdup(text));
	guint64 value;
	guint64 bytes;

	if (!g_ascii_string_to_unsigned(number, 10, 0, G_MAXUINT64, &value, NULL) ||
	    __builtin_mul_overflow(value, unit, &bytes))
		return 0;
	return bytes;
}

gboolean hostler_memory_begin(HostlerXml *xml, gpointer data, GError **error)
{
	platform_of(data)->memory = read_unit(hostler_xml_attribute(xml, "unit"));
	return TRUE;
}

gboolean hostler_memory_end(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerPlatform *platform = platform_of(data);

	platform->memory = read_size(hostler_xml_text(xml), platform->memory);
	return TRUE;
}

static gboolean begin_hard_limit(HostlerXml *xml, gpointer data, GError **error)
{
	platform_of(data)->hard_limit = read_unit(hostler_xml_attribute(xml, "unit"));
	return TRUE;
}

static gboolean end_hard_limit(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerPlatform *platform = platform_of(data);

	platform->hard_limit = read_size(hostler_xml_text(xml), platform->hard_limit);
	return TRUE;
}

const HostlerXmlElement hostler_memtune_children[] = {
	{.name = "hard_limit", .text = TRUE, .begin = begin_hard_limit, .end = end_hard_limit},
	{.name = NULL},
};

static gboolean begin_huge_pages(HostlerXml *xml, gpointer data, GError **error)
{
	platform_of(data)->huge_pages = TRUE;
	return TRUE;
}

/* Several sizes are for several NUMA nodes; the first is what we look at. */
static gboolean begin_page(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerPlatform *platform = platform_of(data);
	const char *size = hostler_xml_attribute(xml, "size");

	if (size != NULL && platform->huge_page == 0)
		platform->huge_page = read_size(size, read_unit(hostler_xml_attribute(xml, "unit")));
	return TRUE;
}

static const HostlerXmlElement huge_pages_children[] = {
	{.name = "page", .begin = begin_page},
	{.name = NULL},
};

const HostlerXmlElement hostler_memory_backing_children[] = {
	{.name = "hugepages", .children = huge_pages_children, .begin = begin_huge_pages},
	{.name = NULL},
};
