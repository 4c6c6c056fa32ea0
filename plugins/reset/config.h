/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* Configuration space of a device that may be broken or hostile. */

guint16 reset_le16(const guint8 *bytes);
/* Offset of a capability in 256 bytes of it, or 0. */
guint reset_find_capability(const guint8 *config, guint8 id);
/* From within a job. FALSE: it cannot be read there. */
gboolean reset_config_read32(HostlerHost *host, const char *bdf, guint offset, guint32 *value);
