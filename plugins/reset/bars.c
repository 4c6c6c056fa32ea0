/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Are the BARs as they were? Their sizes are read, never measured: for that ones
 * would be written into them, and a device that decodes would answer at addresses
 * that are others'. */
#include "plugins/reset/bars.h"

#include <linux/pci_regs.h>

#include "plugins/reset/config.h"

/* Of PCI Express, behind the 256 bytes; each takes 8 bytes at least: a longer chain is a loop. */
#define MAX_EXTENDED ((PCI_CFG_SPACE_EXP_SIZE - PCI_CFG_SPACE_SIZE) / 8)
/* Of a resizable BAR: exponent of its size in MiB. */
#define SIZE_BITS 0x3f
#define MAX_EXPONENT 43
#define IDE_CLASS 0x0101

/* --- as the kernel has them: `resource` has a line each, first and last address --- */

typedef struct {
	guint64 first;
	guint64 last;
} Range;

static void read_ranges(HostlerHost *host, const char *bdf, Range *ranges)
{
	g_autofree char *resource = host->ops->pci_read(host, bdf, "resource", NULL);
	g_auto(GStrv) lines = g_strsplit(resource != NULL ? resource : "", "\n", RESET_N_BARS + 1);
	gboolean more = TRUE;

	for (guint i = 0; i < RESET_N_BARS; i++) {
		char *rest = NULL;

		more = more && lines[i] != NULL;
		ranges[i].first = more ? g_ascii_strtoull(lines[i], &rest, 16) : 0;
		ranges[i].last = more ? g_ascii_strtoull(rest, NULL, 16) : 0;
	}
}

/* The kernel has the addresses from elsewhere, and the registers may read 0: of an IDE
 * controller in compatibility mode by convention, else from Enhanced Allocation. */
static gboolean is_elsewhere(const guint8 *config)
{
	return reset_le16(config + PCI_CLASS_DEVICE) == IDE_CLASS ||
	       reset_find_capability(config, PCI_CAP_ID_EA) != 0;
}

/* A device that lost its state before we looked. */
static char *find_unset(const Range *ranges, const guint8 *config)
{
	gboolean is_bridge = (config[PCI_HEADER_TYPE] & 0x7f) == PCI_HEADER_TYPE_BRIDGE;

	if (is_elsewhere(config))
		return NULL;
	for (guint i = 0; i < (is_bridge ? 2 : RESET_N_BARS); i++) {
		const guint8 *bar = config + PCI_BASE_ADDRESS_0 + 4 * i;
		gboolean is_unset = (bar[0] & 0xf0) == 0 && bar[1] == 0 && bar[2] == 0 && bar[3] == 0;

		/* Of one below 4 GiB this register has all that counts. */
		if (ranges[i].first != 0 && ranges[i].first <= G_MAXUINT32 && is_unset)
			return g_strdup_printf("its BAR %u is not set", i);
	}
	return NULL;
}

/* --- as the device says --- */

/* Offset of a capability beyond the first 256 bytes; 0: there is none. */
static guint find_extended(HostlerHost *host, const char *bdf, guint id)
{
	guint offset = PCI_CFG_SPACE_SIZE;
	guint32 header;

	for (guint i = 0; i < MAX_EXTENDED && offset >= PCI_CFG_SPACE_SIZE; i++) {
		if (!reset_config_read32(host, bdf, offset, &header) || header == 0 || header == G_MAXUINT32)
			return 0;
		if (PCI_EXT_CAP_ID(header) == id)
			return offset;
		offset = PCI_EXT_CAP_NEXT(header);
	}
	return 0;
}

static void read_resized(HostlerHost *host, const char *bdf, guint64 *sizes)
{
	guint offset = find_extended(host, bdf, PCI_EXT_CAP_ID_REBAR);
	guint n = offset != 0 ? 1 : 0;

	for (guint i = 0; i < n && i < RESET_N_BARS; i++) {
		guint at = offset + PCI_REBAR_CTRL + 8 * i;
		guint32 control;
		guint bar, exponent;

		if (at + 4 > PCI_CFG_SPACE_EXP_SIZE || !reset_config_read32(host, bdf, at, &control))
			return;
		if (i == 0)
			n = (control & PCI_REBAR_CTRL_NBAR_MASK) >> PCI_REBAR_CTRL_NBAR_SHIFT;
		bar = control & PCI_REBAR_CTRL_BAR_IDX;
		exponent = control >> PCI_REBAR_CTRL_BAR_SHIFT & SIZE_BITS;
		if (bar < RESET_N_BARS && exponent <= MAX_EXPONENT)
			sizes[bar] = G_GUINT64_CONSTANT(1) << (20 + exponent);
	}
}

/* --- both --- */

static void read_sizes(HostlerHost *host, const char *bdf, const Range *ranges, ResetBarSizes *sizes)
{
	*sizes = (ResetBarSizes){ 0 };
	for (guint i = 0; i < RESET_N_BARS; i++)
		sizes->known[i] = ranges[i].last > ranges[i].first ? ranges[i].last - ranges[i].first + 1 : 0;
	read_resized(host, bdf, sizes->resized);
}

void reset_bar_sizes_read(HostlerHost *host, const char *bdf, ResetBarSizes *sizes)
{
	Range ranges[RESET_N_BARS];

	read_ranges(host, bdf, ranges);
	read_sizes(host, bdf, ranges, sizes);
}

static char *compare(const guint64 *then, const guint64 *now, const char *by)
{
	for (guint i = 0; i < RESET_N_BARS; i++) {
		if (then[i] != now[i])
			return g_strdup_printf("its BAR %u is 0x%" G_GINT64_MODIFIER "x bytes large %s and was 0x%"
					       G_GINT64_MODIFIER "x", i, now[i], by, then[i]);
	}
	return NULL;
}

char *reset_bars_judge(HostlerHost *host, const char *bdf, const guint8 *config, const ResetBarSizes *then)
{
	Range ranges[RESET_N_BARS];
	ResetBarSizes now;
	char *wrong;

	read_ranges(host, bdf, ranges);
	wrong = config != NULL ? find_unset(ranges, config) : NULL;
	if (wrong != NULL)
		return wrong;
	read_sizes(host, bdf, ranges, &now);
	wrong = compare(then->known, now.known, "to the kernel");
	return wrong != NULL ? wrong : compare(then->resized, now.resized, "by its own word");
}
