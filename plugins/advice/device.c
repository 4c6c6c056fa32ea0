/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device is, and what to call it. */
#include <string.h>

#include "plugins/advice/survey.h"

#define DISPLAYS 0x03
#define BRIDGES 0x06
#define SLOT_BYTES strlen("0000:01:00")

static const guint16 gpu_makers[] = { 0x1002, 0x10de, 0x8086 };

AdviceDevice *advice_find(const GPtrArray *devices, const char *bdf)
{
	for (guint i = 0; i < devices->len; i++) {
		AdviceDevice *device = g_ptr_array_index(devices, i);

		if (g_str_equal(device->bdf, bdf))
			return device;
	}
	return NULL;
}

gboolean advice_is_bridge(const AdviceDevice *device)
{
	return device->capabilities.class >> 8 == BRIDGES;
}

gboolean advice_is_gpu(const AdviceDevice *device)
{
	if (device->capabilities.class >> 8 != DISPLAYS)
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(gpu_makers); i++) {
		if (device->capabilities.vendor == gpu_makers[i])
			return TRUE;
	}
	return FALSE;
}

gboolean advice_same_slot(const char *bdf, const char *other)
{
	return strncmp(bdf, other, SLOT_BYTES) == 0;
}

const char *advice_address(const char *bdf)
{
	return g_str_has_prefix(bdf, "0000:") ? bdf + strlen("0000:") : bdf;
}

static const char *name_class(const HostlerCapabilities *capabilities)
{
	static const struct {
		guint16 class;
		guint16 mask;
		const char *name;
	} names[] = {
		{ 0x0108, 0xffff, "NVMe" },	       { 0x0100, 0xff00, "storage" },
		{ 0x0200, 0xff00, "network" },	       { 0x0300, 0xff00, "graphics" },
		{ 0x0403, 0xffff, "audio" },	       { 0x0604, 0xffff, "PCI bridge" },
		{ 0x0600, 0xff00, "bridge" },	       { 0x0c03, 0xffff, "USB" },
		{ 0x0c80, 0xffff, "serial bus, UCSI" }, { 0x0000, 0x0000, "device" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if ((capabilities->class & names[i].mask) == names[i].class)
			return names[i].name;
	}
	return "device";
}

/* What a virtual function is a dump does not say. */
char *advice_describe(const AdviceDevice *device)
{
	const char *class = name_class(&device->capabilities);

	if (device->capabilities.virtual && device->capabilities.vendor == HOSTLER_NO_ID)
		return g_strdup_printf("%s (%s, virtual function)", advice_address(device->bdf), class);
	return g_strdup_printf("%s (%s, %04x:%04x)", advice_address(device->bdf), class,
			       device->capabilities.vendor, device->capabilities.device);
}
