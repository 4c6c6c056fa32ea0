/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/reset/judge.h"

#include <linux/pci_regs.h>

#include "hostler/error.h"

/* Capabilities start on 4-byte boundaries between 0x40 and 0xff: a longer chain
 * is a loop. */
#define MAX_CAPABILITIES 48
/* Address bits that an MSI capability must implement. */
#define WITNESS_PATTERN 0x000ff000u

static guint16 le16(const guint8 *bytes)
{
	return (guint16)(bytes[0] | bytes[1] << 8);
}

static gboolean read32(HostlerHost *host, const char *bdf, guint offset, guint32 *value)
{
	guint8 bytes[4];

	if (!host->ops->pci_config(host, bdf, offset, bytes, sizeof(bytes), NULL))
		return FALSE;
	*value = le16(bytes) | (guint32)le16(bytes + 2) << 16;
	return TRUE;
}

static gboolean write32(HostlerHost *host, const char *bdf, guint offset, guint32 value)
{
	const guint8 bytes[4] = { value & 0xff, value >> 8 & 0xff, value >> 16 & 0xff, value >> 24 };

	return host->ops->pci_config_write(host, bdf, offset, bytes, sizeof(bytes), NULL);
}

gboolean reset_is_sound(HostlerHost *host, const char *bdf, GError **error)
{
	guint8 header[PCI_STD_HEADER_SIZEOF];

	if (!host->ops->pci_config(host, bdf, 0, header, sizeof(header), error))
		return FALSE;
	if (le16(header + PCI_VENDOR_ID) != 0xffff && (header[PCI_HEADER_TYPE] & 0x7f) != 0x7f)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RESET_DEAD,
		    "%s does not answer (its configuration space reads ff): it did not survive its last guest, or "
		    "sleeps in D3cold; reboot the host, and if that does not help switch it off and on", bdf);
	return FALSE;
}

/* Offset of the MSI capability, or 0. The device may be broken or hostile: every
 * step is bounded and checked. */
static guint find_msi(HostlerHost *host, const char *bdf)
{
	guint8 config[PCI_CFG_SPACE_SIZE];
	guint offset;

	if (!host->ops->pci_config(host, bdf, 0, config, sizeof(config), NULL) ||
	    (le16(config + PCI_STATUS) & PCI_STATUS_CAP_LIST) == 0)
		return 0;
	offset = config[PCI_CAPABILITY_LIST] & ~3u;
	for (guint i = 0; i < MAX_CAPABILITIES && offset >= PCI_STD_HEADER_SIZEOF; i++) {
		if (config[offset] == PCI_CAP_ID_MSI)
			return le16(config + offset + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_ENABLE ? 0 : offset;
		offset = config[offset + 1] & ~3u;
	}
	return 0;
}

void reset_witness_set(HostlerHost *host, const char *bdf, ResetWitness *witness)
{
	guint msi = find_msi(host, bdf);
	guint32 after = 0;

	*witness = (ResetWitness){ 0 };
	if (msi == 0 || !read32(host, bdf, msi + PCI_MSI_ADDRESS_LO, &witness->before))
		return;
	witness->set = witness->before ^ WITNESS_PATTERN;
	if (write32(host, bdf, msi + PCI_MSI_ADDRESS_LO, witness->set) &&
	    read32(host, bdf, msi + PCI_MSI_ADDRESS_LO, &after) && after == witness->set)
		witness->offset = msi + PCI_MSI_ADDRESS_LO;
}

ResetVerdict reset_witness_judge(HostlerHost *host, const char *bdf, const ResetWitness *witness)
{
	guint32 now;

	if (witness->offset == 0 || !read32(host, bdf, witness->offset, &now))
		return RESET_UNPROVEN;
	if (now != witness->set)
		return RESET_DONE;
	write32(host, bdf, witness->offset, witness->before);
	return RESET_NOT_DONE;
}

const char *reset_verdict_text(ResetVerdict verdict)
{
	static const char *const texts[] = {
		[RESET_DONE] = "was reset",
		[RESET_NOT_DONE] = "was not reset, a register kept its value",
		[RESET_UNPROVEN] = "was reset as far as the kernel tells",
	};

	return texts[verdict];
}
