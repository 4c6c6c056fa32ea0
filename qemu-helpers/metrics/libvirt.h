/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "sample.h"

/* A read-only connection to libvirt, and the domains met on it. For one thread;
 * every call may block for ever. */
typedef struct _Libvirt Libvirt;

/* Once per process, before any thread. */
gboolean libvirt_initialize(GError **error);

Libvirt *libvirt_new(const char *uri);
void libvirt_free(Libvirt *libvirt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Libvirt, libvirt_free)

/* Connects when it is not; after an error the connection is made anew. */
gboolean libvirt_connect(Libvirt *libvirt, GError **error);

/* Sample for each VM that libvirt knows. Without QEMU's own figures for a VM whose
 * monitor another call holds. */
GPtrArray *libvirt_sample(Libvirt *libvirt, GPtrArray *uuids, GError **error);
