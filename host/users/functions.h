/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host/users/search.h"

/* The virtual functions of a physical one. FALSE when that cannot be told. */
gboolean functions_see(Search *search, GError **error);
