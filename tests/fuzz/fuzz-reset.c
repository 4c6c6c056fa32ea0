/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a device's configuration space, before a reset and after it: what the
 * hooks read of it as root ends, stays within the space, and is a phrase for people. */

#include <string.h>

#include "plugins/reset/judge.h"
#include "tests/fuzz/fuzz.h"

#define BDF "0000:01:00.0"
#define MOST 4096
#define MOST_READS 20000

typedef struct {
	HostlerHost host;
	guint8 config[MOST];
	gsize length;
	gint64 now;
	guint reads;
} Device;

static gboolean config(HostlerHost *host, const char *bdf, guint offset, guint8 *bytes, gsize length, GError **error)
{
	const Device *device = (Device *)host;

	g_assert_cmpuint(++((Device *)host)->reads, <, MOST_READS);
	g_assert_cmpuint(offset + length, <=, MOST);
	if (offset + length > device->length) {
		g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_IO, "it has no more");
		return FALSE;
	}
	memcpy(bytes, device->config + offset, length);
	return TRUE;
}

/* Never the header, whatever the chain leads to. */
static gboolean config_write(HostlerHost *host, const char *bdf, guint offset, const guint8 *bytes, gsize length,
			     GError **error)
{
	g_assert_cmpuint(offset, >=, 0x40);
	g_assert_cmpuint(offset + length, <=, 256);
	memcpy(((Device *)host)->config + offset, bytes, length);
	return TRUE;
}

static char *attribute(HostlerHost *host, const char *bdf, const char *name, GError **error)
{
	return g_str_equal(name, "resource") ? g_strdup("0x00000000e0000000 0x00000000e00fffff 0x0000000000040200\n") :
					       g_strdup("0x8086");
}

static gint64 monotonic(HostlerHost *host)
{
	return ((Device *)host)->now;
}

static void wait(HostlerHost *host, gint64 microseconds)
{
	((Device *)host)->now += microseconds;
}

static void put(Device *device, const guint8 *data, gsize size)
{
	device->length = MIN(size, MOST);
	memcpy(device->config, data, device->length);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	static const HostlerHostOps ops = { .pci_config = config, .pci_config_write = config_write,
					    .pci_read = attribute, .monotonic = monotonic, .pause = wait };
	g_autofree Device *device = g_new0(Device, 1);
	g_autofree char *portrait = NULL;
	g_autofree char *unsound = NULL;
	g_autoptr(GError) error = NULL;
	ResetWitness witness;

	device->host.ops = &ops;
	put(device, data, size / 2);
	reset_is_alive(&device->host, BDF, NULL);
	portrait = reset_portrait_take(&device->host, BDF, &error);
	g_assert_true((portrait != NULL) == (error == NULL));
	reset_witness_set(&device->host, BDF, &witness);
	put(device, data + size / 2, size - size / 2);
	g_assert_cmpint(reset_witness_judge(&device->host, BDF, &witness), <, RESET_NOT_TAKEN);
	unsound = portrait != NULL ? reset_unsound(&device->host, BDF, portrait) : NULL;
	g_assert_true(unsound == NULL || g_str_is_ascii(unsound));
	return 0;
}
