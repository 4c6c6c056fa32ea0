/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* How a driver_override reads that is not set. */
#define VFIO_OVERRIDE_UNSET "(null)"

/* From one driver to another, by driver_override alone. Only from within a job. */

/* TRUE: the device is on `driver` now. Its override then names that driver, if it
 * was not on it before. */
gboolean vfio_bind(HostlerHost *host, const char *bdf, const char *driver, GError **error);
/* TRUE: no driver has the device. */
gboolean vfio_unbind(HostlerHost *host, const char *bdf, GError **error);
/* NULL, "" and "(null)", which is how an override that is not set reads, unset it. */
gboolean vfio_set_override(HostlerHost *host, const char *bdf, const char *driver, GError **error);
