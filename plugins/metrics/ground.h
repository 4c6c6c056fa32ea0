/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/host.h"

/* Adds to the groups that metrics_inventory_fill() made what root alone can see:
 * the storage below each disk, the network behind each NIC. `xmls`: of the networks
 * that libvirt runs. */
void metrics_ground_fill(HostlerHost *host, const HostlerDomain *domain, const GPtrArray *xmls, GKeyFile *stay);
