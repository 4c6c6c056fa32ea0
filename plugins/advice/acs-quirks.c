/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that isolate though their ACS capability does not say so: the makers
 * told the kernel's developers. Compared id by id with pci_dev_acs_enabled[] and
 * the lists that it leads to, in drivers/pci/quirks.c of Linux 6.18; those found in
 * PCs and servers of x86. Where the kernel asks more of the
 * chipset first, we take its word. */
#include "plugins/advice/isolation.h"

#include <linux/pci_regs.h>

typedef struct {
	guint16 vendor;
	guint16 first; /* of a range of devices */
	guint16 last;
} Range;

/* Root ports. */
static const Range ports[] = {
	{ 0x8086, 0x3b42, 0x3b51 }, /* Ibex Peak */
	{ 0x8086, 0x1c10, 0x1c1f }, /* Cougar Point */
	{ 0x8086, 0x1e10, 0x1e1f }, /* Panther Point */
	{ 0x8086, 0x8c10, 0x8c1f }, /* Lynx Point */
	{ 0x8086, 0x9c10, 0x9c1b }, /* Lynx Point LP */
	{ 0x8086, 0x9c90, 0x9c9b }, /* Wildcat Point LP */
	{ 0x8086, 0x8d10, 0x8d1e }, /* Wellsburg */
	{ 0x8086, 0x9d10, 0x9d1b }, /* Sunrise Point LP: a capability of another form */
	{ 0x8086, 0xa110, 0xa11f }, /* Sunrise Point: the same */
	{ 0x8086, 0xa167, 0xa16a },
	{ 0x8086, 0xa290, 0xa29f }, /* Union Point: the same */
	{ 0x8086, 0xa2e7, 0xa2ee },
};

/* Root ports with even numbers only. */
static const Range even_ports[] = {
	{ 0x8086, 0x1d10, 0x1d1e }, /* Patsburg */
	{ 0x8086, 0x8c90, 0x8c9e }, /* Lynx Point, 9 series */
};

/* One function of several. */
static const Range functions[] = {
	{ 0x1002, 0x4383, 0x4385 }, { 0x1002, 0x4399, 0x4399 }, { 0x1002, 0x439c, 0x439d }, /* ATI southbridges */
	{ 0x1022, 0x7809, 0x7809 }, { 0x1022, 0x780f, 0x780f },				    /* AMD FCH */
	{ 0x1924, 0x0903, 0x0903 }, { 0x1924, 0x0923, 0x0923 }, { 0x1924, 0x0a03, 0x0a03 }, /* Solarflare */
	{ 0x8086, 0x10c6, 0x10c6 }, { 0x8086, 0x10db, 0x10db }, { 0x8086, 0x10dd, 0x10dd }, /* 82598, 82599, X540 */
	{ 0x8086, 0x10e1, 0x10e1 }, { 0x8086, 0x10f1, 0x10f1 }, { 0x8086, 0x10f7, 0x10fc },
	{ 0x8086, 0x1507, 0x1507 }, { 0x8086, 0x1514, 0x1514 }, { 0x8086, 0x151c, 0x151c },
	{ 0x8086, 0x1529, 0x152a }, { 0x8086, 0x154d, 0x154d },
	{ 0x8086, 0x154f, 0x154f }, { 0x8086, 0x1551, 0x1551 }, { 0x8086, 0x1558, 0x1558 },
	{ 0x8086, 0x1509, 0x1509 }, { 0x8086, 0x150e, 0x1511 }, { 0x8086, 0x1516, 0x1516 }, /* 82580 */
	{ 0x8086, 0x1527, 0x1527 },
	{ 0x8086, 0x10c9, 0x10c9 }, { 0x8086, 0x10e6, 0x10e8 }, { 0x8086, 0x150a, 0x150a }, /* 82576 */
	{ 0x8086, 0x150d, 0x150d }, { 0x8086, 0x1518, 0x1518 }, { 0x8086, 0x1526, 0x1526 },
	{ 0x8086, 0x10a7, 0x10a7 }, { 0x8086, 0x10a9, 0x10a9 }, { 0x8086, 0x10d6, 0x10d6 }, /* 82575 */
	{ 0x8086, 0x1521, 0x1524 },							    /* I350 */
	{ 0x8086, 0x105e, 0x1060 }, { 0x8086, 0x10d9, 0x10d9 },				    /* 82571 */
	{ 0x8086, 0x15b7, 0x15b8 },							    /* I219 */
	{ 0x19a2, 0x0710, 0x0710 }, { 0x10df, 0x0720, 0x0720 },				    /* Emulex */
	{ 0x14e4, 0x16d7, 0x16d7 }, { 0x14e4, 0x1750, 0x1752 }, { 0x14e4, 0x1760, 0x1763 }, /* Broadcom NetXtreme */
	{ 0x8088, 0x0100, 0x010f }, { 0x8088, 0x1001, 0x1001 }, { 0x8088, 0x2001, 0x2001 }, /* Wangxun */
	{ 0x8088, 0x5010, 0x5010 }, { 0x8088, 0x5025, 0x5025 }, { 0x8088, 0x5040, 0x5040 },
	{ 0x8088, 0x5110, 0x5110 }, { 0x8088, 0x5125, 0x5125 }, { 0x8088, 0x5140, 0x5140 },
};

static gboolean has(const Range *ranges, gsize n, const HostlerCapabilities *capabilities)
{
	for (gsize i = 0; i < n; i++) {
		if (ranges[i].vendor == capabilities->vendor && capabilities->device >= ranges[i].first &&
		    capabilities->device <= ranges[i].last)
			return TRUE;
	}
	return FALSE;
}

static gboolean is_root_port(const HostlerCapabilities *capabilities)
{
	return capabilities->express && capabilities->port == PCI_EXP_TYPE_ROOT_PORT;
}

gboolean isolation_is_known_good(const AdviceDevice *device)
{
	const HostlerCapabilities *capabilities = &device->capabilities;

	if (!is_root_port(capabilities))
		return has(functions, G_N_ELEMENTS(functions), capabilities);
	return has(ports, G_N_ELEMENTS(ports), capabilities) ||
	       (capabilities->device % 2 == 0 && has(even_ports, G_N_ELEMENTS(even_ports), capabilities));
}
