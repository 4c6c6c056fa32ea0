/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guest.h"

/* Samples each of its guests when it is due. */
typedef struct _Asker Asker;

/* `uri`: of libvirt; NULL: of the daemon that lives (daemon.h). Borrows `echo`, which
 * may be NULL. */
Asker *asker_new(const char *uri, Echo *echo);
void asker_free(Asker *asker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Asker, asker_free)

/* NULL: the kernel cannot be asked. */
Links *asker_links(Asker *asker);
/* uuid -> Guest; both are owned by the table. */
GHashTable *asker_guests(Asker *asker);

/* To be called when a guest has come: does what is due now. */
void asker_ask(Asker *asker);
