/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "sample.h"

/* A read-only connection to libvirt, and the domains met on it. For one thread;
 * every call may block for ever. */
typedef struct _Libvirt Libvirt;

/* Once per process, before any thread. */
gboolean libvirt_initialize(GError **error);

Libvirt *libvirt_new(void);
void libvirt_free(Libvirt *libvirt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Libvirt, libvirt_free)

/* Sample, with `state`, the disks and, when asked for, the NICs' targets, for each VM
 * that libvirt knows; without disks for a VM whose monitor another call holds. Connects to `uri` when it is not
 * connected; after an error the connection is made anew. */
GPtrArray *libvirt_sample(Libvirt *libvirt, const char *uri, GPtrArray *uuids, gboolean with_nics, GError **error);
