/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What forwarding is to come to, without any of how: VMs, and which port leads where. */

#define MODEL_N_VMS 6
#define MODEL_N_RESERVED 4 /* the first of them; the others lease */
#define MODEL_MAX_WANTS 3

typedef enum {
	MODEL_OFF,
	MODEL_PREPARED, /* has its ports, and none is open */
	MODEL_RUNNING,
} ModelState;

/* One range of ports. */
typedef struct {
	const char *proto;
	const char *address; /* of the host, of either family; NULL: each of its addresses */
	guint start;
	guint n;
	guint to;
} ModelWant;

typedef struct {
	char name[8];
	char uuid[37];
	char mac[18];
	char guest[2][24];  /* its addresses, IPv4 and IPv6 */
	gboolean is_leased; /* which its network does not reserve: dnsmasq gave it */
	ModelState state;
	ModelWant wants[MODEL_MAX_WANTS];
	guint n_wants;
} ModelVm;

typedef struct {
	ModelVm vms[MODEL_N_VMS];
} Model;

void model_init(Model *model);
/* The n-th of the addresses that only this VM has. */
void model_move_guest(Model *model, ModelVm *vm, guint n);
/* The first VM with a port that `vm` wants; NULL: it may have them all. */
const ModelVm *model_owner(const Model *model, const ModelVm *vm);
/* Whether a port is open over IPv4, or over IPv6. */
gboolean model_has_open(const Model *model, gboolean is_v6);
/* "tcp any 5001 -> 192.168.122.10 22 of UUID", a line for each open port and family, sorted. */
char *model_table(const Model *model);
