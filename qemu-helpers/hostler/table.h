/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/plugin.h"
#include "paper.h"

/* Lines of `hostler status`, gathered by the VM that they are about. */
typedef struct _Table Table;

/* The section that tells a VM's name and state: the heading over its others. */
#define TABLE_VMS "vms"

Table *table_new(void);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

/* Where lines are put in; borrows the table. */
HostlerSink table_sink(Table *table);

/* VM by VM, then what is the host's own. A terminal gets headings and aligned
 * keys, a pipe a line of section, key, text and the VM's name with tabs between. */
void table_print(const Paper *paper, const Table *table);
/* {"devices":[{"key":"0000:01:00.0","text":"...","vm":"web","uuid":"..."}]}; the
 * host's own lines have neither vm nor uuid. */
void table_print_json(const Paper *paper, const Table *table);
