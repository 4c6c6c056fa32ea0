/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The door pci_hot_reset of HostlerHostOps. */
gboolean host_pci_hot_reset(HostlerHost *host, const char *const *bdfs, GError **error);
