/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/record.h"

/* QEMUs that end while nobody is there to say so: libvirtd was killed, too, and
 * does not come back. Then root is called to settle (attention/), where systemd
 * listens. */
typedef struct _Ends Ends;

/* `patience`: seconds that libvirt has to say so itself. */
Ends *ends_new(HostlerHost *host, guint patience);
void ends_free(Ends *ends);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ends, ends_free)

/* Keeps an eye on the stay's QEMU, which may have ended before anybody looked; one that is
 * watched already is no more so. */
void ends_watch(Ends *ends, const HostlerRecord *stay);
