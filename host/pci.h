/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The PCI doors of HostlerHostOps, on sysfs. */

char *host_pci_read(HostlerHost *host, const char *bdf, const char *attribute, GError **error);
gboolean host_pci_write(HostlerHost *host, const char *bdf, const char *attribute, const char *value, GError **error);
char *host_pci_link(HostlerHost *host, const char *bdf, const char *link, GError **error);
gboolean host_pci_probe(HostlerHost *host, const char *bdf, GError **error);
gboolean host_pci_config(HostlerHost *host, const char *bdf, guint offset, guint8 *bytes, gsize length,
			 GError **error);
gboolean host_pci_config_write(HostlerHost *host, const char *bdf, guint offset, const guint8 *bytes, gsize length,
			       GError **error);
gboolean host_pci_exists(HostlerHost *host, const char *bdf);
char *host_pci_group(HostlerHost *host, const char *bdf);
char *host_pci_port(HostlerHost *host, const char *bdf);
GStrv host_pci_below(HostlerHost *host, const char *port);
GStrv host_pci_devices(HostlerHost *host);
GStrv host_groups(HostlerHost *host);
GStrv host_group_members(HostlerHost *host, const char *group, GError **error);
