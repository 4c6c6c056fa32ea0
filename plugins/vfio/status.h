/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/plugin.h"

/* The slot `status`: each claim, its phase, how it was found, its trouble. */
void vfio_status(HostlerHost *host, const HostlerSink *sink);
