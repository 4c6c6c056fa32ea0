/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"
#include "model.h"

/* A life of VMs and of a firewall that others change as well: each step is taken by
 * hostler on the kernel and by the model, and says in words what it did. */

#define STEPS_BRIDGE "virbr0"

typedef struct {
	HostlerHost *host;
	Model model;
	GRand *rand;
	GString *story; /* what the last step did */
	gboolean touched; /* it changed what is not ours */
} Steps;

void steps_begin(Steps *steps, HostlerHost *host, guint32 seed);
/* One at random. FALSE: hostler decided otherwise than the model. */
gboolean steps_take(Steps *steps);
/* All VMs end. */
void steps_end(Steps *steps);
