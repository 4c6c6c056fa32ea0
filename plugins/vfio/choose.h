/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The driver that is to hand this device to a VM: "vfio-pci", or a variant, whose
 * module is loaded if it is not yet. NULL and HOSTLER_ERROR_VFIO_MODULE when that
 * does not work. Only from within a job. */
char *vfio_choose_driver(HostlerHost *host, const char *bdf, GError **error);
