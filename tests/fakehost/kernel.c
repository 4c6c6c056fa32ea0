/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel does upon a write; measured where the model could be wrong
 * (facts/vfio.md): a probe succeeds whatever comes of it, clearing takes a
 * newline, unbinding from vfio-pci waits for whoever has the device open, and
 * drivers take their virtual functions along. */
#include "model.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#define UNSET "(null)"

static gboolean is_bridge(const FakeDevice *device)
{
	return g_str_has_prefix(fake_device_get(device, "class"), "0x0604");
}

/* The newline that a shell would add is no part of the value. */
static char *strip(const char *value)
{
	return g_strndup(value, strcspn(value, "\n"));
}

/* --- drivers --- */

static gboolean is_present(FakeHost *fake, const char *name)
{
	const FakeDriver *driver = fake_driver_find(fake, name);

	return driver != NULL && driver->present;
}

/* Whether the driver's ids, or the override in their place, name this device. */
static gboolean matches(const FakeDevice *device, const char *driver)
{
	const char *override = fake_device_get(device, "driver_override");

	if (override != NULL && !g_str_equal(override, UNSET))
		return g_str_equal(override, driver);
	return g_str_equal(fake_device_get(device, "native"), driver);
}

static void bind(FakeDevice *device, const char *driver)
{
	fake_device_set(device, "driver", driver);
	if (fake_device_get(device, "unbind_lock") != NULL && g_str_equal(driver, "nvidia"))
		fake_device_set(device, "unbind_lock", "0");
	fake_device_set(device, "enable", *driver == '\0' || fake_driver_is_vfio(driver) ? "0" : "1");
}

int fake_kernel_probe(FakeHost *fake, FakeDevice *device)
{
	for (guint i = 0; *fake_device_get(device, "driver") == '\0' && i < fake->drivers->len; i++) {
		const char *driver = ((const FakeDriver *)g_ptr_array_index(fake->drivers, i))->name;
		gboolean refuses = fake_driver_is_vfio(driver) && is_bridge(device);

		if (is_present(fake, driver) && matches(device, driver) && !refuses)
			bind(device, driver);
	}
	return 0;
}

static int unbind(FakeHost *fake, FakeDevice *device, const char *value)
{
	const char *driver = fake_device_get(device, "driver");

	if (*driver == '\0')
		return ENOENT;
	if (!g_str_equal(value, device->bdf))
		return ENODEV;
	if (fake_driver_is_vfio(driver) && !g_str_equal(fake_device_get(device, "enable"), "0"))
		return FAKE_HANGS;
	if (g_str_equal(driver, "nvidia") && g_strcmp0(fake_device_get(device, "unbind_lock"), "busy") == 0)
		return FAKE_HANGS;
	if (fake_device_get(device, "sriov_numvfs") != NULL)
		fake_device_set(device, "sriov_numvfs", "0");
	bind(device, "");
	return 0;
}

static int set_override(FakeHost *fake, FakeDevice *device, const char *value)
{
	fake_device_set(device, "driver_override", *value != '\0' ? value : UNSET);
	return 0;
}

/* --- resets --- */

static void clear_witness(FakeDevice *device)
{
	memset(device->config + FAKE_MSI + PCI_MSI_ADDRESS_LO, 0, 8);
}

static void be_spoiled(FakeDevice *device, const char *how)
{
	if (g_str_equal(how, "ff"))
		fake_device_set(device, "dead", "yes");
	else if (g_str_equal(how, "bars"))
		memset(device->config + PCI_BASE_ADDRESS_0, 0, 24);
	else if (g_str_equal(how, "ids"))
		memset(device->config + PCI_DEVICE_ID, 0xab, 2);
	else if (g_str_equal(how, "class"))
		memset(device->config + PCI_CLASS_DEVICE, 0, 2);
	else if (g_str_equal(how, "header"))
		device->config[PCI_HEADER_TYPE] ^= 0x80;
	else if (g_str_equal(how, "d3"))
		device->config[FAKE_PM + PCI_PM_CTRL] |= 3;
	else if (g_str_equal(how, "size"))
		fake_device_set(device, "resource", "0x00000000f0000000 0x00000000f00fffff 0x0000000000040200");
	else if (g_str_equal(how, "resized"))
		device->config[FAKE_REBAR + PCI_REBAR_CTRL + 1] = 0;
	else if (g_str_equal(how, "pending"))
		device->config[FAKE_EXPRESS + PCI_EXP_DEVSTA] |= PCI_EXP_DEVSTA_TRPND;
	else
		g_error("%s: spoils=%s is nothing that can be wrong", device->bdf, how);
}

/* What a method does to the device, whatever the kernel says of it. */
static void apply(FakeDevice *device, const char *method)
{
	g_auto(GStrv) spoils = g_strsplit(fake_device_get(device, "spoils"), " ", -1);

	if (fake_list_has(fake_device_get(device, "mends"), method))
		fake_device_fresh(device);
	for (gsize i = 0; spoils[i] != NULL; i++) {
		g_auto(GStrv) parts = g_strsplit(spoils[i], ":", 2);

		if (g_strcmp0(parts[0], method) == 0 && parts[1] != NULL)
			be_spoiled(device, parts[1]);
	}
}

/* The first method that does not say ENOTTY is the last one tried. */
static int reset(FakeHost *fake, FakeDevice *device, const char *value)
{
	g_auto(GStrv) methods = g_strsplit(fake_device_get(device, "reset_method"), " ", -1);

	if (!g_str_equal(value, "1"))
		return EINVAL;
	for (gsize i = 0; methods[i] != NULL && *methods[i] != '\0'; i++) {
		if (fake_list_has(fake_device_get(device, "resets"), methods[i]))
			clear_witness(device);
		apply(device, methods[i]);
		if (!fake_list_has(fake_device_get(device, "refuses"), methods[i]))
			return 0;
	}
	return ENOTTY;
}

static int set_reset_method(FakeHost *fake, FakeDevice *device, const char *value)
{
	g_auto(GStrv) methods = g_strsplit(value, " ", -1);

	if (g_str_equal(value, "default")) {
		fake_device_set(device, "reset_method", fake_device_get(device, "reprobed"));
		fake_device_set(device, "supports", fake_device_get(device, "reprobed"));
		return 0;
	}
	for (gsize i = 0; methods[i] != NULL; i++) {
		if (*methods[i] != '\0' && !fake_list_has(fake_device_get(device, "supports"), methods[i]) &&
		    !fake_list_has(fake_device_get(device, "selectable"), methods[i]))
			return EINVAL;
	}
	fake_device_set(device, "reset_method", value);
	return 0;
}

void fake_kernel_suspend(FakeHost *fake)
{
	for (guint i = 0; i < fake->devices->len; i++) {
		FakeDevice *device = g_ptr_array_index(fake->devices, i);

		if (!device->present)
			continue;
		if (fake_list_has(fake_device_get(device, "resets"), "suspend"))
			clear_witness(device);
		apply(device, "suspend");
	}
}

/* The signal that all functions below a port get, whoever asks for it. */
static int reset_below(FakeHost *fake, FakeDevice *port)
{
	for (guint i = 0; i < fake->devices->len; i++) {
		FakeDevice *device = g_ptr_array_index(fake->devices, i);

		if (!device->present || !g_str_equal(fake_device_get(device, "port"), port->bdf))
			continue;
		if (!g_str_equal(fake_device_get(port, "resets"), ""))
			clear_witness(device);
		apply(device, "slot");
	}
	return fake_list_has(fake_device_get(port, "refuses"), "bus") ? ENOTTY : 0;
}

static int reset_subordinate(FakeHost *fake, FakeDevice *port, const char *value)
{
	return is_bridge(port) ? reset_below(fake, port) : ENOENT;
}

/* VFIO's: `others` are what was opened beside the device. */
static int hot_reset(FakeHost *fake, FakeDevice *device, const char *others)
{
	const char *port = fake_device_get(device, "port");
	FakeDevice *above = fake_device_find(fake, port);

	if (!g_str_equal(fake_device_get(device, "hot_reset"), "yes") || above == NULL)
		return ENODEV;
	for (guint i = 0; i < fake->devices->len; i++) {
		const FakeDevice *other = g_ptr_array_index(fake->devices, i);

		if (!other->present || !g_str_equal(fake_device_get(other, "port"), port))
			continue;
		if (!fake_driver_is_vfio(fake_device_get(other, "driver")) ||
		    (other != device && !fake_list_has(others, other->bdf)))
			return EINVAL;
		if (!g_str_equal(fake_device_get(other, "enable"), "0"))
			return EBUSY;
	}
	return reset_below(fake, above);
}

/* --- attributes --- */

static int set_one_of(FakeDevice *device, const char *attribute, const char *value, const char *allowed)
{
	if (!fake_list_has(allowed, value))
		return EINVAL;
	fake_device_set(device, attribute, value);
	return 0;
}

static gboolean may_lose_power(const FakeDevice *device)
{
	return fake_driver_is_vfio(fake_device_get(device, "driver")) &&
	       g_str_equal(fake_device_get(device, "enable"), "0");
}

static void fall_asleep(FakeDevice *device)
{
	const char *sleeps = fake_device_get(device, "sleeps");
	gboolean cold = g_strcmp0(fake_device_get(device, "d3cold_allowed"), "1") == 0;

	if (may_lose_power(device))
		fake_device_set(device, "power_state", cold ? sleeps : "D3hot");
}

static void wake(FakeDevice *device)
{
	gboolean was_cold = g_str_equal(fake_device_get(device, "power_state"), "D3cold");

	fake_device_set(device, "power_state", "D0");
	if (!was_cold)
		return;
	if (fake_list_has(fake_device_get(device, "resets"), "d3cold"))
		clear_witness(device);
	apply(device, "d3cold");
}

static int set_control(FakeHost *fake, FakeDevice *device, const char *value)
{
	int errnum = set_one_of(device, "power/control", value, "on auto");

	if (errnum == 0 && g_str_equal(value, "auto"))
		fall_asleep(device);
	else if (errnum == 0)
		wake(device);
	return errnum;
}

static int set_d3cold(FakeHost *fake, FakeDevice *device, const char *value)
{
	return set_one_of(device, "d3cold_allowed", value, "0 1");
}

static int be_removed(FakeHost *fake, FakeDevice *device, const char *value)
{
	device->present = FALSE;
	fake_device_set(device, "removed", "yes");
	return 0;
}

/* As found, but that its driver has it only if it is there now. What a guest left
 * in it is left. */
static void be_found_again(FakeHost *fake, FakeDevice *device)
{
	static const char *const forgotten[] = { "driver_override", "reset_method", "power/control", "d3cold_allowed",
						 "supports" };

	device->present = TRUE;
	fake_device_set(device, "removed", "no");
	for (gsize i = 0; i < G_N_ELEMENTS(forgotten); i++)
		fake_device_set(device, forgotten[i], g_hash_table_lookup(device->found, forgotten[i]));
	fake_device_set(device, "driver_override", UNSET);
	fake_device_set(device, "power_state", "D0");
	bind(device, "");
	fake_kernel_probe(fake, device);
	if (fake_list_has(fake_device_get(device, "resets"), "remove_rescan"))
		clear_witness(device);
	apply(device, "remove_rescan");
}

static int rescan(FakeHost *fake, FakeDevice *port, const char *value)
{
	for (guint i = 0; i < fake->devices->len; i++) {
		FakeDevice *device = g_ptr_array_index(fake->devices, i);

		if (!device->present && g_str_equal(fake_device_get(device, "port"), port->bdf) &&
		    g_str_equal(fake_device_get(device, "removed"), "yes") &&
		    g_str_equal(fake_device_get(device, "returns"), "yes"))
			be_found_again(fake, device);
	}
	return 0;
}

static const struct {
	const char *attribute;
	const char *needs; /* is there only with this one */
	int (*write)(FakeHost *fake, FakeDevice *device, const char *value);
} attributes[] = {
	{ "driver/unbind", "driver", unbind },
	{ "driver_override", "driver_override", set_override },
	{ "reset", "reset_method", reset },
	{ "reset_method", "reset_method", set_reset_method },
	{ "reset_subordinate", "class", reset_subordinate },
	{ "hot_reset", "hot_reset", hot_reset },
	{ "power/control", "power/control", set_control },
	{ "d3cold_allowed", "d3cold_allowed", set_d3cold },
	{ "remove", "class", be_removed },
	{ "rescan", "class", rescan },
};

int fake_kernel_write(FakeHost *fake, FakeDevice *device, const char *attribute, const char *value)
{
	g_autofree char *stripped = strip(value);

	for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++) {
		if (g_str_equal(attributes[i].attribute, attribute))
			return fake_device_get(device, attributes[i].needs) != NULL ?
				       attributes[i].write(fake, device, stripped) :
				       ENOENT;
	}
	return fake_device_get(device, attribute) != NULL ? EACCES : ENOENT;
}

/* Of the capabilities only the MSI address can be written, as a device must have it. */
void fake_kernel_config_write(FakeDevice *device, guint offset, const guint8 *bytes, gsize length)
{
	guint first = FAKE_MSI + PCI_MSI_ADDRESS_LO;

	for (gsize i = 0; i < length; i++) {
		if (device->config[FAKE_MSI] == PCI_CAP_ID_MSI && offset + i >= first && offset + i < first + 4)
			device->config[offset + i] = bytes[i];
	}
}
