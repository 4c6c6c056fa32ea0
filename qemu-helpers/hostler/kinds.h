/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "paper.h"
#include "run-log.h"

/* All runs of all VMs, by what their disks stand on and what their NICs are on. */
typedef struct _Kinds Kinds;

Kinds *kinds_new(void);
void kinds_free(Kinds *kinds);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Kinds, kinds_free)

void kinds_add(Kinds *kinds, const Run *run, JsonObject *figures);
/* By name, once all are added. */
void kinds_sort(Kinds *kinds);

void kinds_print(const Paper *paper, const Kinds *kinds);
/* Adds the members "storage" and "networks" to the object that is open. */
void kinds_to_json(const Kinds *kinds, JsonBuilder *builder);
/* In long form: a line for each figure. */
void kinds_print_csv(const Paper *paper, const Kinds *kinds);

/* "nat", "bridge", "macvtap bridge": of what `start` says of a NIC. To be freed. */
char *kinds_name_network(JsonObject *nic);
/* "ext4 on SSD", or as much as is known. To be freed. */
char *kinds_name_storage(JsonObject *disk);
