/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What a PCI function says of itself in its configuration space, read by libpci
 * from bytes that somebody else has fetched: libpci itself opens nothing. Only
 * `hostler` links this room. */

#define HOSTLER_CONFIG_BYTES 4096
#define HOSTLER_NO_ID 0xffff /* what a vendor reads where nobody answers, and of a virtual function */

typedef struct {
	gboolean known;    /* it answered; nothing below holds otherwise */
	gboolean complete; /* with its capabilities, if it has any, not only the 64 bytes that everybody is shown */
	gboolean virtual;  /* a virtual function: its ids read ffff, by the standard, and only the kernel knows them */
	guint16 vendor;
	guint16 device;
	guint16 class; /* 0x0300 */
	guint8 header; /* PCI_HEADER_TYPE_... */
	gboolean multifunction;
	guint8 secondary;  /* of a bridge: the bus below it */
	gboolean express;  /* has the PCI Express capability */
	guint8 port;       /* PCI_EXP_TYPE_... */
	gboolean flr;      /* of PCI Express */
	gboolean af_flr;   /* of Advanced Features, both its bits */
	gboolean pm_reset; /* D3hot and back loses its state: NoSoftRst- */
	gboolean msi;      /* or MSI-X */
	gboolean acs;
	guint16 acs_offers;
	guint16 acs_enabled;
} HostlerCapabilities;

/* Of up to HOSTLER_CONFIG_BYTES bytes from address 0 on. */
void hostler_capabilities_read(const guint8 *config, gsize length, HostlerCapabilities *capabilities);

/* --- dumps --- */

typedef struct {
	char *bdf;
	HostlerCapabilities capabilities;
} HostlerDumped;

#define HOSTLER_DUMP_MAX_BYTES (16 * 1024 * 1024)
#define HOSTLER_DUMP_MAX_DEVICES 2048

/* The devices (HostlerDumped) in what `lspci -xxxx` wrote, by BDF. NULL and
 * HOSTLER_ERROR_ARGUMENTS, with the file's name, when it is no such thing. */
GPtrArray *hostler_dump_read(const char *file, GError **error);
