/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

char *host_shutoff_reason(HostlerHost *host, const char *name);
