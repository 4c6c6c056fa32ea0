/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the kernel's command line and of configuration space may be shown:
 * arguments that we know, and bytes that all devices of a kind have in common. */
#include <linux/pci_regs.h>
#include <string.h>

#include "redact.h"

/* --- the command line --- */

/* Shown with their values. `*` at the end: whatever follows. */
static const char *const shown[] = {
	"intel_iommu",	  "amd_iommu*",	      "iommu",	  "iommu.*",   "vfio*",	       "pci",	      "pcie_*",
	"pci_*",	  "pcie_ports",	      "kvm*",	  "vga*",      "video",	       "fbcon",	      "nomodeset",
	"initcall_blacklist", "module_blacklist", "modprobe.blacklist", "rd.driver.*", "amdgpu.*", "radeon.*",
	"nouveau.*",
	"nvidia*",	  "i915.*",	      "xe.*",	  "default_hugepagesz", "hugepagesz", "hugepages", "mem",
	"acpi*",	  "efi*",	      "isolcpus", "nohz_full", "rcu_nocbs",    "mitigations", "quiet",
	"splash",	  "ro",		      "rw",	  "simplefb*", "drm.*",	       "intremap",    "nopat",
	"apic",		  "noapic",	      "x2apic*",  "mce",       "intel_idle.*", "processor.*", "memmap",
};

static gboolean is_shown(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(shown); i++) {
		gsize length = strlen(shown[i]);

		if (shown[i][length - 1] == '*' ? strncmp(name, shown[i], length - 1) == 0 :
						  g_str_equal(name, shown[i]))
			return TRUE;
	}
	return FALSE;
}

/* A word may be for init, and anything. */
static gboolean add_argument(GString *text, const char *word)
{
	g_autofree char *name = g_strndup(word, strcspn(word, "="));
	gboolean has_value = word[strlen(name)] == '=';

	if (!is_shown(name) && !has_value)
		return FALSE;
	g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", is_shown(name) ? word : name);
	if (!is_shown(name))
		g_string_append(text, "=...");
	return TRUE;
}

char *redact_command_line(const char *line)
{
	g_auto(GStrv) words = g_strsplit_set(line, " \t\n", -1);
	GString *text = g_string_new(NULL);
	gboolean is_quoted = FALSE;
	guint hidden = 0;

	for (gsize i = 0; words[i] != NULL && !g_str_equal(words[i], "--"); i++) {
		/* Words within quotes belong to an argument that is none of ours. */
		gboolean begins_quoted = is_quoted;

		for (const char *c = words[i]; *c != '\0'; c++)
			is_quoted ^= *c == '"';
		if (*words[i] != '\0' && (begins_quoted || !add_argument(text, words[i])))
			hidden++;
	}
	if (hidden > 0)
		g_string_append_printf(text, "%s(and %u more)", text->len > 0 ? " " : "", hidden);
	return g_string_free(text, FALSE);
}

/* --- configuration space --- */

#define NETWORK_CLASS 0x02
#define SERIAL_BYTES 8
#define VPD_DATA_BYTES 4
#define MOST_STEPS 1024 /* a chain may loop */

static guint32 get_long(const guint8 *config, gsize at)
{
	return (guint32)config[at] | (guint32)config[at + 1] << 8 | (guint32)config[at + 2] << 16 |
	       (guint32)config[at + 3] << 24;
}

static void wipe(guint8 *config, gsize length, gsize from, gsize n)
{
	if (from < length)
		memset(config + from, 0, MIN(n, length - from));
}

static void wipe_capabilities(guint8 *config, gsize length, gboolean is_nic)
{
	gsize at = length > PCI_CAPABILITY_LIST ? config[PCI_CAPABILITY_LIST] & ~3u : 0;

	for (guint steps = 0; at >= 0x40 && at + 4 <= MIN(length, 256) && steps < MOST_STEPS; steps++) {
		if (config[at] == PCI_CAP_ID_VPD)
			wipe(config, MIN(length, 256), at + PCI_VPD_DATA, VPD_DATA_BYTES);
		if (config[at] == PCI_CAP_ID_VNDR && is_nic && config[at + 2] > 3)
			wipe(config, MIN(length, 256), at + 3, config[at + 2] - 3u);
		at = config[at + PCI_CAP_LIST_NEXT] & ~3u;
	}
}

static void wipe_extended(guint8 *config, gsize length, gboolean is_nic)
{
	gsize at = 0x100;

	for (guint steps = 0; at >= 0x100 && at + 8 <= length && steps < MOST_STEPS; steps++) {
		guint32 header = get_long(config, at);

		if (PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_DSN)
			wipe(config, length, at + 4, SERIAL_BYTES);
		if (PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_VNDR && is_nic && get_long(config, at + 4) >> 20 > 8)
			wipe(config, length, at + 8, (get_long(config, at + 4) >> 20) - 8);
		at = PCI_EXT_CAP_NEXT(header);
	}
}

void redact_config(guint8 *config, gsize length)
{
	gboolean is_nic = length > PCI_CLASS_DEVICE + 1 && config[PCI_CLASS_DEVICE + 1] == NETWORK_CLASS;

	wipe_capabilities(config, length, is_nic);
	wipe_extended(config, length, is_nic);
}
