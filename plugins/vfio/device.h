/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/host.h"
#include "hostler/record.h"

/* What the kernel says of some PCI devices, read side by side and bounded. */

typedef struct {
	HostlerJob *jobs; /* one a device, in the order asked for */
	guint n;
} VfioDevices;

/* Groups of a device's facts, beside HOSTLER_CLAIM_IDENTITY. A claim keeps all but the last. */

/* driver, module (of it), driver_override, reset_method, power/control, d3cold_allowed */
#define VFIO_FOUND HOSTLER_CLAIM_FOUND
/* with: of a companion, the device that it goes along with.
 * by: "libvirt", of a device that libvirt itself bound and returns. */
#define VFIO_TAKEN "taken"
#define VFIO_NOW "now"     /* iommu_group, enable, on_vfio, users; of a graphics card console and boot */

/* `bdfs` are borrowed and must outlive the answer. With a `domain` it is the first
 * time for it, and who of the host uses each is asked too: of the first `n_listed`,
 * which all plugins then look at (look.h), what the host cannot do without, of the
 * others whatever is awake. */
VfioDevices *vfio_devices_read(HostlerHost *host, const GPtrArray *bdfs, guint n_listed,
			       const HostlerDomain *domain);
/* Only who of the host cannot do without each. */
VfioDevices *vfio_devices_read_users(HostlerHost *host, const GPtrArray *bdfs);
void vfio_devices_free(VfioDevices *devices);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VfioDevices, vfio_devices_free)

/* NULL: the attribute is not there. Only of a job that is done. */
char *vfio_device_fact(const HostlerJob *device, const char *group, const char *key);
/* On vfio-pci or a variant of it. */
gboolean vfio_device_is_on_vfio(const HostlerJob *device);
gboolean vfio_device_is_bridge(const HostlerJob *device);
/* Not to be taken along without being asked for. */
gboolean vfio_device_is_of_chipset(const HostlerJob *device);
/* Bound to a driver that does DMA for the host, so that the group is not the VM's alone. */
gboolean vfio_device_is_in_hosts_hands(const HostlerJob *device);
/* Functions of one card, by their BDFs. */
gboolean vfio_same_slot(const char *bdf, const char *other);
