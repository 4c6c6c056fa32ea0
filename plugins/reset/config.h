/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Configuration space of a device that may be broken or hostile. */

guint16 reset_le16(const guint8 *bytes);
/* Offset of a capability in 256 bytes of it, or 0. */
guint reset_find_capability(const guint8 *config, guint8 id);
