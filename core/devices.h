/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/xml.h"
#include "hostler/domain.h"

/* The parts of /domain/devices, a file each. The walk's data is the HostlerDomain. */

/* Of each kind; bounds memory, and the search for a BDF listed twice. */
#define HOSTLER_MAX_DEVICES 1024

/* --- pci.c: a device is begun by its element, gets its BDF from the <address>
 * below it, and is ended, which refuses one without a BDF or listed already. --- */
gboolean hostler_pci_begin(HostlerXml *xml, HostlerDomain *domain, HostlerPciOrigin origin, GError **error);
HostlerPciDevice *hostler_pci_pending(const HostlerDomain *domain);
void hostler_pci_drop(HostlerDomain *domain);
gboolean hostler_pci_end(HostlerXml *xml, HostlerDomain *domain, GError **error);
/* `begin` of <address>; without a pending device it has nothing to say. */
gboolean hostler_pci_begin_address(HostlerXml *xml, gpointer data, GError **error);
void hostler_pci_free(gpointer device);

gboolean hostler_hostdev_begin(HostlerXml *xml, gpointer data, GError **error);
gboolean hostler_hostdev_end(HostlerXml *xml, gpointer data, GError **error);
extern const HostlerXmlElement hostler_hostdev_children[];

/* --- interface.c --- */
gboolean hostler_interface_begin(HostlerXml *xml, gpointer data, GError **error);
gboolean hostler_interface_end(HostlerXml *xml, gpointer data, GError **error);
extern const HostlerXmlElement hostler_interface_children[];
void hostler_interface_free(gpointer interface);

/* --- disk.c --- */
gboolean hostler_disk_begin(HostlerXml *xml, gpointer data, GError **error);
extern const HostlerXmlElement hostler_disk_children[];
void hostler_disk_free(gpointer disk);
