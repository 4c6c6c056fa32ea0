/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration space. */
#include <string.h>

#include "call.h"
#include "host/machine.h"

static void set_inaccessible(GError **error, int errnum, const char *bdf, guint offset, gsize length)
{
	machine_error(error, errnum, "cannot access %zu bytes at 0x%x of the configuration space of %s", length,
		      offset, bdf);
}

gboolean fake_pci_config(HostlerHost *host, const char *bdf, guint offset, guint8 *bytes, gsize length,
			 GError **error)
{
	FakeCall call = { .door = "config", .bdf = bdf };
	FakeDevice *device = NULL;
	int errnum;

	if (fake_call_pass((FakeHost *)host, &call, &device, &errnum) == FAKE_CALL_FAILS ||
	    offset + length > FAKE_CONFIG_BYTES) {
		set_inaccessible(error, errnum, bdf, offset, length);
		return FALSE;
	}
	if (g_str_equal(fake_device_get(device, "dead"), "yes"))
		memset(bytes, 0xff, length);
	else
		memcpy(bytes, device->config + offset, length);
	return TRUE;
}

static char *hex(const guint8 *bytes, gsize length)
{
	GString *text = g_string_new(NULL);

	for (gsize i = length; i > 0; i--)
		g_string_append_printf(text, "%02x", bytes[i - 1]);
	return g_string_free(text, FALSE);
}

gboolean fake_pci_config_write(HostlerHost *host, const char *bdf, guint offset, const guint8 *bytes, gsize length,
			       GError **error)
{
	g_autofree char *where = g_strdup_printf("0x%02x", offset);
	g_autofree char *value = hex(bytes, length);
	FakeCall call = { .door = "config-write", .bdf = bdf, .attribute = where, .order = value };
	FakeHost *fake = (FakeHost *)host;
	FakeDevice *device = NULL;
	int errnum;
	FakePassage passage = fake_call_pass(fake, &call, &device, &errnum);

	if (passage == FAKE_CALL_FAILS || offset + length > FAKE_CONFIG_BYTES) {
		set_inaccessible(error, errnum, bdf, offset, length);
		return FALSE;
	}
	if (passage == FAKE_CALL_GOES_ON) {
		fake_kernel_config_write(device, offset, bytes, length);
		fake_call_note(fake, &call, "%s", "");
	}
	return TRUE;
}
