/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "plugins/reset/ladder.h"

/* A slot and the rung that it is to take. */
typedef struct {
	ResetRung rung;
	char *port;
	GStrv functions;
	const GPtrArray *devices; /* ResetDevice, those of the functions among them */
} ResetSlot;

/* What stands against this rung in particular, as far as records and the kernel's
 * lists tell: a phrase. NULL: nothing. */
char *reset_slot_objection(HostlerHost *host, const ResetSlot *slot);

/* Writes down what the next settle must know should the job not come to its end. */
void reset_slot_announce(HostlerHost *host, const ResetSlot *slot);

/* A job on the port, with all functions as its `others`; `job->data` is a
 * ResetSlot. Answer: a group for each function, named by its BDF. */
gboolean reset_slot(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error);
