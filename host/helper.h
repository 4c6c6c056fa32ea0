/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

void host_helper_start(HostlerHost *host, HostlerHelper helper);
