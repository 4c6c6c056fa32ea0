/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "book.h"
#include "kernel.h"
#include "nics.h"

/* A VM that is sampled: its book, where its figures come from, and when. All times
 * are sample_clock(). A sample is begun by the kernel's figures, when it is due, and
 * ends when libvirt has told of the disks or has had its time; then it is written. */
typedef struct {
	Book *book;
	Kernel *kernel;
	Nics *nics;
	gboolean has_disks; /* that libvirt can tell of */
	double due;         /* of the next sample; HUGE_VAL: never again */
	Sample *begun;      /* NULL: none is waited for */
	gboolean hurry;     /* the log waits for it since before we began */

	double since;       /* wants its disks' figures since then; 0: it does not */
	double ask_at;      /* not before */
	double asked_at;    /* for what it wants, alone or for the first time; 0: there was no room yet */
	guint question;     /* the one that it is in; 0: none */
	gboolean named;     /* in the answer */
	guint nics_asked;   /* links_generation() at the question, */
	guint nics_known;   /* and when its NICs were last told of; 0: never */
	gboolean alone;     /* to be asked for singly: nobody knows that it answers */
	gboolean held;      /* its question, with nobody else in it, does not come back */

	Sample *disks;      /* the last answer; NULL: none yet */
	guint64 cpu_time;   /* kernel_cpu_time() when it had come */
	gboolean quiet;     /* it was the same as the one before */
	guint64 cpu_begun;  /* kernel_cpu_time() at the last sample */
} Guest;

/* Takes the book. It is due at once. `links` may be NULL, here and below. */
Guest *guest_new(Book *book, Links *links, double now);
void guest_free(Guest *guest);

/* Takes the stay, which was read again, and perhaps written, for the same QEMU. */
void guest_update(Guest *guest, HostlerRecord *stay, Links *links, double now);

/* Takes the stay, of a QEMU that has ended. */
void guest_end(Guest *guest, HostlerRecord *ended);

/* Its libvirt object is gone or going: never again. */
void guest_rest(Guest *guest);

gboolean guest_is_due(const Guest *guest, double now);
/* Begins the sample, if it is due, and writes it when nothing is missing: the disks
 * of a VM that used no CPU are as they were. `echo` may be NULL. */
void guest_begin(Guest *guest, Links *links, Echo *echo, double now);
/* Writes the sample whose time is up, without the disks. */
void guest_end_late(Guest *guest, double now);
/* When one of the two, or a question, is next; HUGE_VAL: never. */
double guest_next(const Guest *guest, double now);

/* --- the disks: guest-disks.c, which ends samples by these two --- */

/* Writes the sample that was begun, if one was. `missing`: why the disks are, unless the
 * VM is still arriving; NULL: they are there. */
void guest_write(Guest *guest, const char *missing);
/* The same of a VM that does not answer, of which nothing is expected while it is still arriving. */
void guest_stall(Guest *guest, double now, const char *reason);
#define GUEST_ARRIVING "the VM is still arriving from another host"
#define GUEST_HELD "libvirt does not answer for this VM"

/* Whether libvirt is to be asked now. */
gboolean guest_wants(const Guest *guest, double now);
/* How many seconds the answer to a question may take that this VM is in, alone or
 * with others: a second one must have its time before the sample is due. */
double guest_patience(const Guest *guest, gboolean alone);

/* Takes the answer: with the disks or, when another call has the VM, without. */
void guest_take(Guest *guest, Sample *answer);
/* The answer was all that there is: what becomes of a VM in the question that did
 * not get its figures. */
void guest_go_without(Guest *guest, double now);
/* The question went out. */
void guest_be_asked(Guest *guest, guint question, guint nics_generation, double now);
/* libvirt could not be asked. */
void guest_be_unreachable(Guest *guest, const char *reason);
/* Its question is late. In company it is asked again, alone. */
void guest_be_late(Guest *guest, double now, gboolean in_company);
