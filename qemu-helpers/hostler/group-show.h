/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "group.h"
#include "paper.h"
#include "pci-names.h"

/* IOMMU groups (Group) for a person, for a pipe, and as JSON. */
void groups_print(const Paper *paper, PciNames *names, const GPtrArray *groups);
void groups_print_json(const Paper *paper, PciNames *names, const GPtrArray *groups);
