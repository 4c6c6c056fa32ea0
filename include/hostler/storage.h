/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/host.h"

/* What a disk of a VM stands on, as facts: the group [storage] of a key file. All
 * text is fit for a terminal; what is not known has no key. Names are also those
 * in the log. */
#define HOSTLER_STORAGE "storage"

/* "ext4 on LVM on md raid1 (2 of 2) on SSD", "NFS 4.2 from nas:/vm", "unknown: ..." */
#define HOSTLER_STORAGE_STACK "storage"
/* The same without what is of this one host or this day, to compare by: "ext4 on
 * LVM on md raid1 on SSD", "NFS 4.2", "unknown". */
#define HOSTLER_STORAGE_KIND "storage_kind"
#define HOSTLER_STORAGE_DEGRADED "degraded" /* "md127 (raid1) has 1 of 2 members" */
#define HOSTLER_STORAGE_FILE_SYSTEM "file_system" /* as the kernel names it: "ext4", "nfs4" */
#define HOSTLER_STORAGE_MOUNT_POINT "mount_point"
#define HOSTLER_STORAGE_MOUNT_OPTIONS "mount_options" /* of a network file system, those that matter here */
#define HOSTLER_STORAGE_SERVER "server"
#define HOSTLER_STORAGE_EXPORT "export"
#define HOSTLER_STORAGE_BLOCK_DEVICE "block_device" /* right below the file system, or the disk itself: "dm-0" */

/* --- for those who ask what could go wrong --- */
#define HOSTLER_STORAGE_SILENT "silent" /* seconds after which it had not answered */
#define HOSTLER_STORAGE_UNSEEN "unseen" /* why it could not be looked at, unless it is absent */
#define HOSTLER_STORAGE_MEND "mend_degraded" /* the command that shows and mends it */
#define HOSTLER_STORAGE_DEVICE "device" /* of the file system, equal for two images on one */
#define HOSTLER_STORAGE_FREE "free_bytes" /* of the file system, for anybody */
#define HOSTLER_STORAGE_ALLOCATED "allocated_bytes" /* of the image, which is a file */
#define HOSTLER_STORAGE_SIZE "size_bytes"
#define HOSTLER_STORAGE_VIRTUAL "virtual_bytes" /* as the header of a qcow2 image has it */
#define HOSTLER_STORAGE_DIRECT "direct" /* "refused": the file system has no O_DIRECT */
#define HOSTLER_STORAGE_LOCK "lock" /* why it could not be locked: the errno in words */
#define HOSTLER_STORAGE_LOCK_BINDS "lock_binds" /* "true": a lock is in the way of its own holder */

typedef enum {
	HOSTLER_STORAGE_LABELS, /* what it is: nothing is opened */
	HOSTLER_STORAGE_TRIES,  /* also what it can do: the image is opened to be read, and locked for a moment */
} HostlerStorageDepth;

/* A GKeyFile for each disk of the domain, in its order. Each image is asked in a
 * bounded job of its own, all side by side, for five seconds at most; one whose
 * labels the kernel has in its memory in none. One that cannot be looked at is called
 * what the kernel's table of mounts calls it, if that is a network file system. */
GPtrArray *hostler_storage_survey(HostlerHost *host, const HostlerDomain *domain, HostlerStorageDepth depth);

/* Whether its server is another machine: NFS, SMB and the like. */
gboolean hostler_storage_is_remote(GKeyFile *facts);
/* Owned by the caller; NULL: not known. */
char *hostler_storage_get(GKeyFile *facts, const char *key);
