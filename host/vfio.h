/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The doors pci_vfio_module and pci_on_vfio of HostlerHostOps. */

char *host_pci_vfio_module(HostlerHost *host, const char *bdf, GError **error);
gboolean host_pci_on_vfio(HostlerHost *host, const char *bdf, GError **error);

/* The module that the text of a modules.alias names best for a device whose
 * `modalias` attribute is this; NULL: none. Owned by the caller. */
char *vfio_best_module(const char *aliases, gsize length, const char *modalias);
