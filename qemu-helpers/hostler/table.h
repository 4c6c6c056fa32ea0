/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/plugin.h"
#include "paper.h"

/* Lines of `hostler status`, gathered under their sections. */
typedef struct _Table Table;

Table *table_new(void);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

/* Where lines are put in; borrows the table. */
HostlerSink table_sink(Table *table);

/* A terminal gets a heading for each section and aligned keys, a pipe a line of
 * section, key and text with tabs between. */
void table_print(const Paper *paper, const Table *table);
/* {"devices":[{"key":"0000:01:00.0","text":"..."}]} */
void table_print_json(const Paper *paper, const Table *table);
