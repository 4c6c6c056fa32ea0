/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host/users/search.h"

/* Has the walk over open files look for ssh daemons with a connection to an
 * address of this interface. */
gboolean sessions_see(Search *search, const char *interface, const char *shown, GError **error);
