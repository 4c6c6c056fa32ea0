/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"

/* Adds to the stay's NICs where a round trip to the guest can be measured: the address
 * that its network (`xmls`: of all networks, char *) reserves for its MAC, or why not. */
void metrics_addresses_fill(GKeyFile *stay, const HostlerDomain *domain, const GPtrArray *xmls);
