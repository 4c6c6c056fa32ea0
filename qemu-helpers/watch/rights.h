/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Keeps CAP_NET_ADMIN and no other right, for good. */
gboolean rights_drop(GError **error);
