/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "book.h"

/* A VM that is sampled: its book, and when it is asked for next. All times are
 * sample_clock(). */
typedef struct {
	Book *book;
	double due;     /* HUGE_VAL: not any more */
	double since;   /* asked for since then, without an answer; 0: it is not */
	gboolean asked; /* in the question that is out */
	gboolean named; /* in its answer */
	guint held_by;  /* the lost thread that waits for this VM; 0: none */
} Guest;

/* Takes the book. It is due at once. */
Guest *guest_new(Book *book, double now);
void guest_free(Guest *guest);

/* How many seconds an answer may take. */
double guest_patience(const Guest *guest);
gboolean guest_is_due(const Guest *guest, double now);
/* Its libvirt object is gone or going: never again. */
void guest_rest(Guest *guest);

/* Takes the sample, which QEMU may have answered or not. */
void guest_take(Guest *guest, Sample *sample, double now);
/* The answer was all that there is: what becomes of one that was asked for and did
 * not get its sample. */
void guest_go_without(Guest *guest, double now);
/* libvirt could not be asked. */
void guest_be_unreachable(Guest *guest, double now, const char *reason);
/* The thread that asked for this VM alone did not come back. */
void guest_hold(Guest *guest, guint thread, double now);
