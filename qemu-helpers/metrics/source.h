/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "sample.h"

/* Where figures come from: libvirt's read-only connection, in a thread of its own,
 * because a QEMU that hangs holds a call for ever (there is no monitor time-out)
 * and so may libvirtd. One question at a time. A thread that does not come back is
 * left alone, with the VM that holds it, and another takes its place: libvirt then
 * skips that VM (NOWAIT) and answers for the others. */
typedef struct _Source Source;

typedef struct {
	/* `samples`: Sample, in no order; without the VMs that libvirt does not know.
	 * `error`: libvirt could not be asked at all; samples are NULL then. */
	void (*answered)(gpointer data, GPtrArray *samples, const GError *error);
	/* No answer within the time. `thread` is lost with the question, and another
	 * can be asked; 0: libvirt itself is silent, `answered` will follow. */
	void (*late)(gpointer data, guint thread);
	/* A lost thread came back. */
	void (*returned)(gpointer data, guint thread);
} SourceEvents;

Source *source_new(const char *uri, const SourceEvents *events, gpointer data);
void source_free(Source *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Source, source_free)

gboolean source_is_busy(const Source *source);

/* Asks for the figures of these VMs (char *, copied). Not while it is busy. */
void source_ask(Source *source, GPtrArray *uuids, guint within_milliseconds);
