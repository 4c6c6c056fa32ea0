/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host/users/search.h"

/* Says what goes through the network interfaces below the device. */
gboolean interfaces_see(Search *search, GError **error);
