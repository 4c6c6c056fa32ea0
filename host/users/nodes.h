/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host/users/search.h"

/* Adds the nodes of graphics, sound and the like below the device, and of vfio. */
void nodes_see(Search *search);
