/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The card that the firmware started the host on: its ROM was changed by that, and
 * its memory may still be taken. */
#include "plugins/advice/advice.h"

static void look_at_rom(const HostlerDomain *domain, const AdviceDevice *card, HostlerFindings *findings)
{
	const HostlerPciDevice *listed = domain != NULL ? advice_listed(domain, card->bdf) : NULL;
	g_autofree char *name = NULL;

	if (listed == NULL || listed->rom)
		return;
	name = advice_describe(card);
	hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_ADVICE_GPU, card->bdf,
			     "save the ROM while another card is the first, or take it from the maker's firmware "
			     "update, and add <rom file='/var/lib/libvirt/FILE.rom'/> to its <hostdev>: virsh edit "
			     "VM",
			     "%s is the card that the host itself was started on (boot_vga), and the VM gives it no "
			     "ROM: what can be read from it is the copy that the firmware has used, with which many "
			     "cards stay dark", name);
}

static void look_at_memory(const HostlerDomain *domain, const AdviceDevice *card, HostlerFindings *findings)
{
	g_autofree char *name = NULL;
	g_autofree char *all = NULL;

	if (card->framebuffers == NULL || card->framebuffers[0] == NULL ||
	    (domain != NULL && domain->settings.display == HOSTLER_DISPLAY_RELEASE))
		return;
	name = advice_describe(card);
	all = g_strjoinv(", ", card->framebuffers);
	hostler_findings_add(findings, domain != NULL ? HOSTLER_SEVERITY_ADVICE : HOSTLER_SEVERITY_NOTE,
			     HOSTLER_ERROR_ADVICE_GPU, card->bdf,
			     "set <hostler:passthrough display='release'/> in the VM's metadata (virsh edit VM), or "
			     "make another card the first in the firmware's setup",
			     "a part of the memory of %s belongs to the host's boot framebuffer (%s, /proc/iomem): "
			     "before Linux 6.0 a VM that has the card cannot use it "
			     "(\"BAR: can't reserve\")", name, all);
}

void advice_boot_card(const HostlerDomain *domain, const GPtrArray *devices, HostlerFindings *findings)
{
	for (guint i = 0; i < devices->len; i++) {
		const AdviceDevice *card = g_ptr_array_index(devices, i);

		if (!advice_is_gpu(card) || (domain != NULL && advice_listed(domain, card->bdf) == NULL))
			continue;
		if (card->boot_vga)
			look_at_rom(domain, card, findings);
		look_at_memory(domain, card, findings);
	}
}
