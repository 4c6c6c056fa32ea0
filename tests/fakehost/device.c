/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PCI device as it is described: its facts, and the configuration space that
 * follows from them. */
#include "model.h"

#include <linux/pci_regs.h>
#include <string.h>

static const struct {
	const char *fact;
	const char *value;
} defaults[] = {
	{ "vendor", "0x8086" },
	{ "device", "0x10d3" },
	{ "subsystem_vendor", "0x8086" },
	{ "subsystem_device", "0xa01f" },
	{ "class", "0x020000" },
	{ "revision", "0x00" },
	{ "driver", "" },
	{ "iommu_group", "" },
	{ "port", "" },
	{ "users", "" },
	{ "stirs", "" },
	{ "driver_override", "(null)" },
	{ "reset_method", "flr" },
	{ "power/control", "auto" },
	{ "d3cold_allowed", "1" },
	{ "dead", "no" },
	{ "refuses", "" },
	{ "selectable", "" },
	{ "spoils", "" },
	{ "mends", "" },
	{ "resource", "0x00000000f0000000 0x00000000f01fffff 0x0000000000040200" },
	{ "power_state", "D0" },
	{ "sleeps", "D3hot" },
	{ "returns", "yes" },
	{ "rebar", "no" },
	{ "hot_reset", "yes" },
	{ "virtual", "no" },
	{ "allocated", "no" },
	{ "removed", "no" },
	{ "msi", "yes" },
	{ "boot_vga", "-" },
	{ "clients", "" },
	{ "console", "no" },
	{ "framebuffers", "" },
	{ "vfio_module", "vfio_pci" },
	{ "unbind_lock", "-" },
	{ "sriov_numvfs", "-" },
};

const char *fake_device_get(const FakeDevice *device, const char *fact)
{
	const char *value = g_hash_table_lookup(device->facts, fact);

	return value != NULL && g_str_equal(value, "-") ? NULL : value;
}

void fake_device_set(FakeDevice *device, const char *fact, const char *value)
{
	g_hash_table_insert(device->facts, g_strdup(fact), g_strdup(value));
}

FakeDevice *fake_device_new(const char *bdf)
{
	FakeDevice *device = g_new0(FakeDevice, 1);

	device->bdf = g_strdup(bdf);
	device->present = TRUE;
	device->facts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return device;
}

static void set_default(FakeDevice *device, const char *fact, const char *value)
{
	if (g_hash_table_lookup(device->facts, fact) == NULL)
		fake_device_set(device, fact, value);
}

static void set_defaults(FakeDevice *device)
{
	const char *driver, *methods;
	gboolean on_vfio;

	for (gsize i = 0; i < G_N_ELEMENTS(defaults); i++)
		set_default(device, defaults[i].fact, defaults[i].value);
	driver = fake_device_get(device, "driver");
	methods = fake_device_get(device, "reset_method");
	on_vfio = fake_driver_is_vfio(driver);
	set_default(device, "native", on_vfio ? "" : driver);
	set_default(device, "enable", on_vfio || *driver == '\0' ? "0" : "1");
	set_default(device, "resets", methods != NULL ? methods : "");
	set_default(device, "reprobed", methods != NULL ? methods : "");
	set_default(device, "supports", methods != NULL ? methods : "");
}

static void put16(guint8 *bytes, guint64 value)
{
	bytes[0] = value & 0xff;
	bytes[1] = value >> 8 & 0xff;
}

static guint64 number(const FakeDevice *device, const char *fact)
{
	const char *value = fake_device_get(device, fact);

	return value != NULL ? g_ascii_strtoull(value, NULL, 16) : 0;
}

/* Between the first capability and the one behind it. */
static void add_allocation(FakeDevice *device)
{
	guint8 *config = device->config;

	if (!g_str_equal(fake_device_get(device, "allocated"), "yes"))
		return;
	config[FAKE_ALLOCATION] = PCI_CAP_ID_EA;
	config[FAKE_ALLOCATION + 1] = config[FAKE_PM + 1];
	config[FAKE_PM + 1] = FAKE_ALLOCATION;
	put16(config + PCI_BASE_ADDRESS_0 + 2, 0);
}

static void make_config(FakeDevice *device)
{
	guint8 *config = device->config;
	guint64 class = number(device, "class");
	gboolean is_virtual = g_str_equal(fake_device_get(device, "virtual"), "yes");

	put16(config + PCI_VENDOR_ID, is_virtual ? 0xffff : number(device, "vendor"));
	put16(config + PCI_DEVICE_ID, is_virtual ? 0xffff : number(device, "device"));
	put16(config + PCI_SUBSYSTEM_VENDOR_ID, number(device, "subsystem_vendor"));
	put16(config + PCI_SUBSYSTEM_ID, number(device, "subsystem_device"));
	config[PCI_CLASS_PROG] = class & 0xff;
	put16(config + PCI_CLASS_DEVICE, class >> 8);
	config[PCI_HEADER_TYPE] = class >> 8 == 0x0604 ? PCI_HEADER_TYPE_BRIDGE : PCI_HEADER_TYPE_NORMAL;
	put16(config + PCI_BASE_ADDRESS_0 + 2, is_virtual || class >> 8 == 0x0101 ? 0 : 0xf000);
	config[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	config[PCI_CAPABILITY_LIST] = FAKE_PM;
	config[FAKE_PM] = PCI_CAP_ID_PM;
	config[FAKE_PM + 1] = FAKE_EXPRESS;
	config[FAKE_EXPRESS] = PCI_CAP_ID_EXP;
	add_allocation(device);
	if (g_str_equal(fake_device_get(device, "rebar"), "yes")) {
		config[FAKE_REBAR] = PCI_EXT_CAP_ID_REBAR;
		config[FAKE_REBAR + 2] = 1; /* its version */
		config[FAKE_REBAR + PCI_REBAR_CTRL] = 1 << PCI_REBAR_CTRL_NBAR_SHIFT;
		config[FAKE_REBAR + PCI_REBAR_CTRL + 1] = 1; /* 2 MiB */
	}
	if (!g_str_equal(fake_device_get(device, "msi"), "yes"))
		return;
	config[FAKE_EXPRESS + 1] = FAKE_MSI;
	config[FAKE_MSI] = PCI_CAP_ID_MSI;
}

void fake_device_fresh(FakeDevice *device)
{
	fake_device_set(device, "dead", "no");
	memset(device->config, 0, sizeof(device->config));
	make_config(device);
}

static GHashTable *copy_facts(GHashTable *facts)
{
	GHashTable *copy = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	GHashTableIter iter;
	gpointer fact, value;

	g_hash_table_iter_init(&iter, facts);
	while (g_hash_table_iter_next(&iter, &fact, &value))
		g_hash_table_insert(copy, g_strdup(fact), g_strdup(value));
	return copy;
}

void fake_device_finish(FakeDevice *device)
{
	set_defaults(device);
	make_config(device);
	device->found = copy_facts(device->facts);
}

void fake_device_plug(FakeDevice *device)
{
	g_hash_table_unref(device->facts);
	device->facts = copy_facts(device->found);
	memset(device->config, 0, sizeof(device->config));
	make_config(device);
	device->present = TRUE;
}

void fake_device_free(FakeDevice *device)
{
	g_free(device->bdf);
	g_hash_table_unref(device->facts);
	g_hash_table_unref(device->found);
	g_free(device);
}

FakeDevice *fake_device_find(FakeHost *fake, const char *bdf)
{
	for (guint i = 0; i < fake->devices->len; i++) {
		FakeDevice *device = g_ptr_array_index(fake->devices, i);

		if (device->present && g_str_equal(device->bdf, bdf))
			return device;
	}
	return NULL;
}

gboolean fake_list_has(const char *methods, const char *method)
{
	g_auto(GStrv) all = g_strsplit(methods, " ", -1);

	return g_strv_contains((const char *const *)all, method);
}
