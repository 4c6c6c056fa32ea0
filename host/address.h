/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

GStrv host_addresses(HostlerHost *host, GError **error);
