/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Was it reset? */
#include "plugins/reset/judge.h"

#include <linux/pci_regs.h>

#include "plugins/reset/config.h"

/* Capabilities start on 4-byte boundaries between 0x40 and 0xff: a longer chain
 * is a loop. */
#define MAX_CAPABILITIES 48
/* Address bits that an MSI capability must implement. */
#define WITNESS_PATTERN 0x000ff000u

guint16 reset_le16(const guint8 *bytes)
{
	return (guint16)(bytes[0] | bytes[1] << 8);
}

guint reset_find_capability(const guint8 *config, guint8 id)
{
	guint offset = config[PCI_CAPABILITY_LIST] & ~3u;

	if ((reset_le16(config + PCI_STATUS) & PCI_STATUS_CAP_LIST) == 0)
		return 0;
	for (guint i = 0; i < MAX_CAPABILITIES && offset >= PCI_STD_HEADER_SIZEOF; i++) {
		if (config[offset] == id)
			return offset;
		offset = config[offset + 1] & ~3u;
	}
	return 0;
}

gboolean reset_config_read32(HostlerHost *host, const char *bdf, guint offset, guint32 *value)
{
	guint8 bytes[4];

	if (!host->ops->pci_config(host, bdf, offset, bytes, sizeof(bytes), NULL))
		return FALSE;
	*value = reset_le16(bytes) | (guint32)reset_le16(bytes + 2) << 16;
	return TRUE;
}

static gboolean write32(HostlerHost *host, const char *bdf, guint offset, guint32 value)
{
	const guint8 bytes[4] = { value & 0xff, value >> 8 & 0xff, value >> 16 & 0xff, value >> 24 };

	return host->ops->pci_config_write(host, bdf, offset, bytes, sizeof(bytes), NULL);
}

/* Of an MSI capability that nobody uses; 0: there is none. */
static guint find_witness(HostlerHost *host, const char *bdf)
{
	guint8 config[PCI_CFG_SPACE_SIZE];
	guint msi;

	if (!host->ops->pci_config(host, bdf, 0, config, sizeof(config), NULL))
		return 0;
	msi = reset_find_capability(config, PCI_CAP_ID_MSI);
	if (msi == 0 || msi + PCI_MSI_ADDRESS_LO + 4 > PCI_CFG_SPACE_SIZE)
		return 0;
	return reset_le16(config + msi + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_ENABLE ? 0 : msi + PCI_MSI_ADDRESS_LO;
}

void reset_witness_set(HostlerHost *host, const char *bdf, ResetWitness *witness)
{
	guint offset = find_witness(host, bdf);
	guint32 after = 0;

	*witness = (ResetWitness){ 0 };
	if (offset == 0 || !reset_config_read32(host, bdf, offset, &witness->before))
		return;
	witness->set = witness->before ^ WITNESS_PATTERN;
	if (write32(host, bdf, offset, witness->set) && reset_config_read32(host, bdf, offset, &after) &&
	    after == witness->set)
		witness->offset = offset;
}

ResetVerdict reset_witness_judge(HostlerHost *host, const char *bdf, const ResetWitness *witness)
{
	guint32 now;

	if (witness->offset == 0 || !reset_config_read32(host, bdf, witness->offset, &now))
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
		[RESET_NOT_TAKEN] = "was not tried",
	};

	return texts[verdict];
}
