/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model.h"

/* A call of a PCI door, as it comes in. */
typedef struct {
	const char *door;
	const char *bdf;
	const char *attribute; /* NULL: the device as such */
	const char *order;     /* what is written; NULL: a read */
} FakeCall;

typedef enum {
	FAKE_CALL_GOES_ON,
	FAKE_CALL_DOES_NOTHING,
	FAKE_CALL_FAILS, /* with this errno */
} FakePassage;

/* Past stuck devices and faults, or not: then `errnum` says why. `device` is
 * set unless it fails. */
FakePassage fake_call_pass(FakeHost *fake, const FakeCall *call, FakeDevice **device, int *errnum);
/* The call is one that never returns. An errno for a caller that is lost. */
int fake_call_hang(FakeHost *fake, const FakeCall *call);
/* Into the transcript, if it is a write; `format` is what came of it. */
void fake_call_note(FakeHost *fake, const FakeCall *call, const char *format, ...) G_GNUC_PRINTF(3, 4);
