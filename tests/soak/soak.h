/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model.h"
#include "play.h"

/* A long random life of a host, step by step as libvirt would have it, with
 * everything going wrong that can. The same seed is the same life. */

#define SOAK_MAX_VMS 5
#define SOAK_MAX_DEVICES 24

typedef enum {
	SOAK_VM_OFF,
	SOAK_VM_PREPARED, /* `prepare` said yes */
	SOAK_VM_STARTING, /* QEMU runs, `started` is to come */
	SOAK_VM_RUNNING,
	SOAK_VM_DEAD,	 /* no QEMU (any more), `stopped` is to come */
	SOAK_VM_STOPPED, /* `release` is to come */
} SoakVmState;

typedef struct {
	const CaseDomain *domain;
	SoakVmState state;
	gboolean qemu;	     /* runs */
	gboolean unknown;    /* to the libvirtd of now: `reconnect` is to come */
	gboolean whole;	     /* lists complete groups of devices that nothing stands on */
	gboolean ran;	     /* it had a QEMU since `prepare` */
	gboolean seen;	     /* and a hook of ours was told of it */
	gint64 left_alone;   /* microseconds: until then libvirt may still reset its devices */
} SoakVm;

/* What is known of a device besides what the fake host knows. */
typedef struct {
	FakeDevice *device;
	guint lost_by;	    /* a bit for each VM: it was pulled out since that one got it */
	gboolean exchanged; /* another one is in its place */
	/* as of the moment before a step */
	SoakVm *owner;	    /* by its claim; NULL: none */
	gboolean used;	    /* by the host */
	guint n_flights;    /* children that hang in it */
} SoakDevice;

typedef struct {
	guint32 seed;
	guint64 cycle;	/* starts, or tries, that are over */
	guint64 n_steps, n_refused, n_killed, n_quiet, n_hung;
	GRand *rand;
	Case *test_case; /* the host of now, as a case without operations */
	Play *play;
	FakeHost *fake;
	SoakVm vms[SOAK_MAX_VMS];
	guint n_vms;
	SoakDevice devices[SOAK_MAX_DEVICES];
	guint n_devices;
	gboolean libvirtd;   /* it runs */
	gboolean forgotten;  /* it was killed, and what it knew went with it */
	gboolean owed;	     /* a `stopped` or `release` was killed and will not come again */
	gint n_files;	     /* open before the host was */
	GString *operations; /* of this host, from its first to now */
	gsize quiet_at;	     /* in play->told: where the last quiescence ended */
	char *failure;
} Soak;

/* soak.c. FALSE with the probability of `percent`'s complement. */
gboolean soak_chance(Soak *soak, guint percent);
guint soak_pick(Soak *soak, guint n); /* 0 .. n - 1 */
/* The first failure stands; always FALSE. */
gboolean soak_fail(Soak *soak, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* world.c: another host with other VMs. */
void soak_world_new(Soak *soak);
void soak_world_end(Soak *soak);

/* watch.c: plays one operation, and holds what must be true of each. `vm` is whom
 * it is for, or NULL. FALSE: not held. */
gboolean soak_do(Soak *soak, SoakVm *vm, const char *format, ...) G_GNUC_PRINTF(3, 4);
gboolean soak_vm_is_live(const Soak *soak, const SoakVm *vm);
SoakDevice *soak_device(Soak *soak, const char *bdf);
/* Its bit in `lost_by`. */
guint soak_vm_bit(const Soak *soak, const SoakVm *vm);

/* libvirt.c */
gboolean soak_vm_step(Soak *soak, SoakVm *vm);
gboolean soak_qemu_dies(Soak *soak, SoakVm *vm);
gboolean soak_libvirtd_dies(Soak *soak);
gboolean soak_libvirtd_restarts(Soak *soak);
/* After every step: what follows when libvirtd was killed in it. */
void soak_notice_libvirtd(Soak *soak);

/* trouble.c: something happens that nobody asked for. */
gboolean soak_trouble(Soak *soak);
/* A device that was pulled out is there again, or another one in its place. */
gboolean soak_plug(Soak *soak, SoakDevice *device, gboolean other);

/* quiet.c: all VMs end, and all must be as it was. */
gboolean soak_quiesce(Soak *soak);
