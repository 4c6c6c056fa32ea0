/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "book.h"

/* The last figures of each VM, in a file of its own in the folder that
 * node_exporter's textfile collector reads: written beside and renamed, gone with
 * the VM. What cannot be written is said once in the journal and works again by
 * itself. */

/* `folder` is absolute. Nothing is done there yet: another one may still be at work. */
Prometheus *prometheus_new(const char *folder);
/* It is ours now: what an earlier one left there, who was killed, is removed. Done
 * before the first file is written in any case. */
void prometheus_sweep(Prometheus *prometheus);
void prometheus_free(Prometheus *prometheus);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Prometheus, prometheus_free)

void prometheus_show(Prometheus *prometheus, const Book *book, const Sample *sample);
void prometheus_hide(Prometheus *prometheus, const Book *book);

/* What stands in such a file; prometheus-text.c. */
char *prometheus_text(const Book *book, const Sample *sample);
