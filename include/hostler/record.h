/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "hostler/host.h"

/* What a VM is entitled to, on disk under /run/hostler. Two kinds with one
 * head: a claim (devices/<bdf>) says that a PCI device belongs to a VM and how
 * it was found; a stay (vms/<uuid>) says that a VM runs and with what. Records
 * are keyed by BDF and UUID, never by name, and replaced atomically. */

typedef enum {
	HOSTLER_RECORD_CLAIM,
	HOSTLER_RECORD_STAY,
	HOSTLER_RECORD_ENDED, /* a stay whose VM is gone; hostler-metrics removes it */
} HostlerRecordKind;

typedef enum {
	HOSTLER_PHASE_PENDING, /* from prepare on: libvirt owes us a release while the caller lives */
	HOSTLER_PHASE_HELD,    /* the VM runs */
	HOSTLER_PHASE_ENDED,   /* QEMU is gone; libvirt may still be resetting the device */
	HOSTLER_PHASE_STUCK,   /* a kernel call on the device has not returned */
} HostlerPhase;

typedef struct {
	HostlerRecordKind kind;
	char *key; /* BDF of a claim, UUID of a stay */
	char *uuid;
	char *name; /* of the VM: user text */
	char *run;  /* id of the hook run that wrote the record */
	char *boot; /* boot id; a record of another boot is void */
	HostlerPhase phase;
	gint64 since;          /* seconds of CLOCK_BOOTTIME at which the phase began */
	HostlerProcess caller; /* the hook's parent: libvirtd */
	HostlerProcess qemu;   /* pid 0 until started */
	GKeyFile *body;        /* the groups of the plugins */
} HostlerRecord;

/* Group of a claim: vendor, device, subsystem_vendor, subsystem_device and class
 * of the device when it was found, by the names of their attributes. */
#define HOSTLER_CLAIM_IDENTITY "identity"
/* Group of a claim in which the reset plugin says what it did for this run. */
#define HOSTLER_CLAIM_RESET "reset"
/* Key of it: the port below which the kernel was to forget the device and find it
 * again. A claim with it is not forgotten because its device is gone. */
#define HOSTLER_CLAIM_RESCAN "rescan"
/* Group of a claim: how the host had the device; vfio's. */
#define HOSTLER_CLAIM_FOUND "found"

/* A pending record of the current run of `host`. */
HostlerRecord *hostler_record_new(HostlerHost *host, HostlerRecordKind kind, const char *key, const char *uuid,
				  const char *name);
void hostler_record_free(HostlerRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostlerRecord, hostler_record_free)

void hostler_record_enter(HostlerHost *host, HostlerRecord *record, HostlerPhase phase);
const char *hostler_phase_name(HostlerPhase phase);

/* NULL without an error: there is no such record. A record that does not parse
 * or is of another boot is put away (bad/) and counts as none. */
HostlerRecord *hostler_record_load(HostlerHost *host, HostlerRecordKind kind, const char *key);
/* All records of a kind, in the order of their keys. */
GPtrArray *hostler_records_load(HostlerHost *host, HostlerRecordKind kind);
/* The claims of one VM. */
GPtrArray *hostler_claims_of(HostlerHost *host, const char *uuid);
/* Written to a temporary file in the same file system, fsync, rename. */
gboolean hostler_record_store(HostlerHost *host, const HostlerRecord *record, GError **error);
void hostler_record_remove(HostlerHost *host, HostlerRecordKind kind, const char *key);
/* The end of a stay. One that was started moves to ended/ with a group [end]
 * (reason, and `at`, seconds since the epoch) for hostler-metrics; one that was
 * only prepared is removed. `reason` as libvirt gives it, or NULL. */
void hostler_stay_end(HostlerHost *host, const char *uuid, const char *reason);
/* Removes what writers that were killed left behind. */
void hostler_records_tidy(HostlerHost *host);
/* Text form, for stores, tests and fuzzing. */
char *hostler_record_to_text(const HostlerRecord *record);
HostlerRecord *hostler_record_from_text(HostlerRecordKind kind, const char *key, const char *text, gsize length,
					GError **error);

/* ARCHITECTURE.md: "Phases, and who is alive", as far as records and processes
 * tell: pending and its caller lives, or its QEMU lives. Devices have two more
 * signs, see vfio. */
gboolean hostler_record_alive(HostlerHost *host, const HostlerRecord *record);

/* Ended so short a time ago that libvirt's `release` is still to be expected:
 * settle leaves it alone. */
gboolean hostler_record_in_grace(HostlerHost *host, const HostlerRecord *record);

/* The folder that a kind lives in, with `key` below it when not NULL. */
char *hostler_record_path(const HostlerHost *host, HostlerRecordKind kind, const char *key);

/* Whether the device at the claim's BDF is the one that was found there. Another
 * card in the same slot, or one that a guest gave other ids, was never ours to
 * reset or return: HOSTLER_ERROR_VFIO_CHANGED. Only from within a job. */
gboolean hostler_claim_matches(HostlerHost *host, const HostlerRecord *claim, GError **error);

/* Whether the VM `uuid` may claim the device as far as records tell: nobody has
 * it, or a VM that is gone and for which no `release` is to be expected any more.
 * HOSTLER_ERROR_VFIO_CLAIMED names the VM that has it. */
gboolean hostler_claim_free_for(HostlerHost *host, const char *bdf, const char *uuid, GError **error);
