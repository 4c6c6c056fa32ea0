/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "plugins/advice/survey.h"

/* Which devices the hardware keeps apart, as the kernel reckons when it makes
 * IOMMU groups (drivers/iommu/iommu.c, pci_device_group(); drivers/pci/pci.c,
 * pci_acs_enabled()): from the capabilities of each function and of the ports on
 * its way to the root, and from the list of those that isolate without saying so. */

/* Fills in `set` of each. */
void isolation_find(GPtrArray *devices);

/* Whether requests of this port, or of this function of several, must pass the
 * IOMMU even when they are for a neighbour. */
gboolean isolation_is_apart(const AdviceDevice *device);

/* Has no ACS where an override could pretend it had: `ports` and `functions` are
 * the patch's "downstream" and "multifunction". */
gboolean isolation_can_be_faked(const AdviceDevice *device, gboolean ports, gboolean functions);

/* Isolates without ACS, or with one that is not as the standard says: the
 * kernel's list of such. */
gboolean isolation_is_known_good(const AdviceDevice *device);

/* "has no ACS", "has ACS switched off": why it keeps nothing apart. */
const char *isolation_why_not(const AdviceDevice *device);
