/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/plugin.h"

/* The slot: which ports lead where, and whether they do. Reads only. */
void forward_status(HostlerHost *host, const HostlerSink *sink);
