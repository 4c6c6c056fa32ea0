/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler groups: which devices go together, and whether a VM can have them. */
#include "command.h"
#include "group-show.h"
#include "hostler/error.h"

int command_groups(HostlerHost *host, const Request *request, GError **error)
{
	g_autoptr(GPtrArray) groups = groups_read(host);
	g_autoptr(PciNames) names = pci_names_open(NULL);
	Paper paper = paper_open();

	if (request->json)
		groups_print_json(&paper, names, groups);
	else
		groups_print(&paper, names, groups);
	if (groups->len > 0)
		return EXIT_FINE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_IOMMU,
		    "there is no IOMMU group, so no VM can have a PCI device: switch VT-d or AMD-Vi on in the "
		    "firmware and, for Intel, boot with intel_iommu=on");
	return EXIT_NO_IOMMU;
}
