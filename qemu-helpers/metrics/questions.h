/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guest.h"
#include "source.h"

/* Which VMs go into which question to libvirt. `guests`: uuid -> Guest. */

gboolean questions_are_wanted(GHashTable *guests, double now);

/* When more can be sent though nothing happens; HUGE_VAL: never. */
double questions_next(GHashTable *guests, double now);

/* Sends out what there is room and reason for. `generation`: links_generation(). */
void questions_send(GHashTable *guests, Source *source, const char *uri, guint generation, double now);
