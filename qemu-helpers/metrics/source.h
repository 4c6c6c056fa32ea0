/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "sample.h"

/* Disks' figures from libvirt: a few threads, each with a read-only connection of
 * its own, because a QEMU that hangs holds a call for ever (there is no monitor
 * time-out) and so may libvirtd. A call that is not answered keeps its thread; the
 * others go on. libvirtd has 20 workers for everybody, so these are all that are
 * ever out. */
#define SOURCE_MOST_OUT 4

typedef struct _Source Source;

/* `question` is what source_ask() returned. */
typedef struct {
	/* `samples`: Sample, in no order, with `state` and the disks; without the VMs
	 * that libvirt does not know. `error`: libvirt could not be asked at all;
	 * samples are NULL then. Follows `late` when the call comes back after all. */
	void (*answered)(gpointer data, guint question, GPtrArray *samples, const GError *error);
	/* Not answered within the time. It is still out. */
	void (*late)(gpointer data, guint question);
} SourceEvents;

Source *source_new(const SourceEvents *events, gpointer data);
void source_free(Source *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Source, source_free)

/* How many questions more can go out. */
guint source_room(const Source *source);

/* Asks for these VMs (char *, copied) when there is room; `with_nics`: for the targets
 * of their NICs, too. `uri` counts where there is no connection yet. Its number, never 0. */
guint source_ask(Source *source, const char *uri, GPtrArray *uuids, gboolean with_nics, guint within_milliseconds);
