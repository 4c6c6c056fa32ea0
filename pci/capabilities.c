/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration space -> HostlerCapabilities. libpci walks the chains, and visits
 * no place in them twice; it is given the bytes as a cache of a device that is not
 * there, so what lies behind them reads ff. */
#include "hostler/capabilities.h"

#include "hostler/libpci.h"

#define HEADER_BYTES 64
#define MULTIFUNCTION 0x80
#define NOTHING 0x7f  /* the header's type where nobody answers */

typedef struct {
	struct pci_access *access;
	struct pci_dev *device;
	guint8 *bytes;
	int length;
	HostlerCapabilities *capabilities;
} Reading;

/* --- one capability --- */

/* Of a capability at the very end only a part may be there; ff would be all bits set. */
static guint16 word_at(const Reading *reading, const struct pci_cap *cap, guint offset)
{
	if (cap->addr + offset + 2 > (guint)reading->length)
		return 0;
	return pci_read_word(reading->device, (int)(cap->addr + offset));
}

static struct pci_cap *find(const Reading *reading, guint id)
{
	return pci_find_cap(reading->device, id, PCI_CAP_NORMAL);
}

static void read_express(const Reading *reading)
{
	HostlerCapabilities *capabilities = reading->capabilities;
	const struct pci_cap *cap = find(reading, PCI_CAP_ID_EXP);

	capabilities->express = cap != NULL;
	if (cap == NULL)
		return;
	capabilities->port = (word_at(reading, cap, PCI_EXP_FLAGS) & PCI_EXP_FLAGS_TYPE) >> 4;
	capabilities->flr = (word_at(reading, cap, PCI_EXP_DEVCAP + 2) & PCI_EXP_DEVCAP_FLRESET >> 16) != 0;
}

static void read_resets(const Reading *reading)
{
	const guint16 both = PCI_AF_CAP_TP | PCI_AF_CAP_FLR;
	HostlerCapabilities *capabilities = reading->capabilities;
	const struct pci_cap *af = find(reading, PCI_CAP_ID_AF);
	const struct pci_cap *pm = find(reading, PCI_CAP_ID_PM);

	if (af != NULL) /* its length and what it can do share a word */
		capabilities->af_flr = (word_at(reading, af, PCI_AF_CAP - 1) >> 8 & both) == both;
	if (pm != NULL && pm->addr + PCI_PM_CTRL + 2 <= (guint)reading->length)
		capabilities->pm_reset = (word_at(reading, pm, PCI_PM_CTRL) & PCI_PM_CTRL_NO_SOFT_RST) == 0;
}

static void read_acs(const Reading *reading)
{
	HostlerCapabilities *capabilities = reading->capabilities;
	const struct pci_cap *cap = pci_find_cap(reading->device, PCI_EXT_CAP_ID_ACS, PCI_CAP_EXTENDED);

	capabilities->acs = cap != NULL;
	if (cap == NULL)
		return;
	capabilities->acs_offers = word_at(reading, cap, PCI_ACS_CAP);
	capabilities->acs_enabled = word_at(reading, cap, PCI_ACS_CTRL);
}

/* --- the whole --- */

static void read_header(const Reading *reading)
{
	HostlerCapabilities *capabilities = reading->capabilities;
	guint8 header = pci_read_byte(reading->device, PCI_HEADER_TYPE);

	capabilities->vendor = pci_read_word(reading->device, PCI_VENDOR_ID);
	capabilities->device = pci_read_word(reading->device, PCI_DEVICE_ID);
	capabilities->class = pci_read_word(reading->device, PCI_CLASS_DEVICE);
	capabilities->header = header & ~MULTIFUNCTION;
	capabilities->multifunction = (header & MULTIFUNCTION) != 0;
	capabilities->known = capabilities->header != NOTHING && capabilities->vendor != 0;
	capabilities->virtual = capabilities->known && capabilities->vendor == HOSTLER_NO_ID;
	capabilities->complete = reading->length > HEADER_BYTES ||
				 (pci_read_word(reading->device, PCI_STATUS) & PCI_STATUS_CAP_LIST) == 0;
	if (capabilities->header == PCI_HEADER_TYPE_BRIDGE)
		capabilities->secondary = pci_read_byte(reading->device, PCI_SECONDARY_BUS);
}

/* The back end for dumps is the one that asks neither the kernel nor the ports. */
static void read_all(gpointer data)
{
	static char empty[] = "/dev/null";
	static char name[] = "dump.name";
	Reading *reading = data;

	reading->access->method = PCI_ACCESS_DUMP;
	pci_set_param(reading->access, name, empty);
	pci_init(reading->access);
	reading->device = pci_get_dev(reading->access, 0, 0, 0, 0);
	pci_setup_cache(reading->device, reading->bytes, reading->length);
	read_header(reading);
	if (!reading->capabilities->known || !reading->capabilities->complete)
		return;
	pci_fill_info(reading->device, PCI_FILL_CAPS | PCI_FILL_EXT_CAPS);
	read_express(reading);
	read_resets(reading);
	read_acs(reading);
	reading->capabilities->msi = find(reading, PCI_CAP_ID_MSI) != NULL || find(reading, PCI_CAP_ID_MSIX) != NULL;
}

void hostler_capabilities_read(const guint8 *config, gsize length, HostlerCapabilities *capabilities)
{
	Reading reading = { .capabilities = capabilities };

	*capabilities = (HostlerCapabilities){ 0 };
	if (length < HEADER_BYTES)
		return;
	reading.length = (int)MIN(length, HOSTLER_CONFIG_BYTES);
	reading.bytes = g_memdup2(config, (gsize)reading.length);
	reading.access = hostler_libpci_new();
	if (!hostler_libpci_try(read_all, &reading, NULL))
		*capabilities = (HostlerCapabilities){ 0 };
	if (reading.device != NULL)
		pci_free_dev(reading.device);
	pci_cleanup(reading.access);
	g_free(reading.bytes);
}
