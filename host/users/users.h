/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The door pci_users of HostlerHostOps. */
GStrv host_pci_users(HostlerHost *host, const char *bdf, HostlerUse use, GError **error);
