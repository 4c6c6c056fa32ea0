/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host/storage/place.h"

/* What an image can do: the keys of storage.h "for those who ask what could go
 * wrong". `remote`: other machines may have it open as well. */
void try_image(HostlerHost *host, const char *path, const Place *place, gboolean remote, GKeyFile *facts);
