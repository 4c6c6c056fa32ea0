/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"
#include "hostler/finding.h"
#include "plugins/advice/survey.h"

/* The questions, a file each. `domain` is the VM whose devices are looked at. */

/* iommu.c: whether it is on, and how it is switched on here. */
void advice_iommu(HostlerHost *host, HostlerFindings *findings);
/* acs.c: devices that have an IOMMU group of their own by pretence. NULL: all. */
void advice_acs(HostlerHost *host, const HostlerDomain *domain, const GPtrArray *devices, HostlerFindings *findings);
/* modules.c */
void advice_modules(HostlerHost *host, HostlerFindings *findings);
/* power.c: devices that could not be read, sleep deeply, or cannot be reset. NULL: all. */
void advice_silent(const GPtrArray *devices, HostlerFindings *findings);
void advice_sleep(const HostlerDomain *domain, const GPtrArray *devices, HostlerFindings *findings);
void advice_resets(const GPtrArray *devices, HostlerFindings *findings);
/* gpu.c: what makes a graphics card stay dark in a guest. */
void advice_gpus(const HostlerDomain *domain, const GPtrArray *devices, HostlerFindings *findings);
/* boot-card.c: the one that the host itself shows things on. NULL: all. */
void advice_boot_card(const HostlerDomain *domain, const GPtrArray *devices, HostlerFindings *findings);
/* memory.c */
void advice_memory(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings);

/* storage.c, of any VM: cache modes, locks, redundancy; room.c: what sparse images may still grow. `all` is
 * of hostler_storage_survey(). */
void advice_storage(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings);
void advice_room(const HostlerDomain *domain, const GPtrArray *all, HostlerFindings *findings);
/* network.c, of any VM. */
void advice_network(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings);

/* --- for them --- */

/* forward-policy.c: the chain that drops what is forwarded unless a rule allows it,
 * "FORWARD of table filter"; NULL: none does, or it cannot be seen. Owned by the caller. */
char *advice_find_drop(HostlerHost *host);
/* "vda (/vm/web.qcow2)". Owned by the caller, as is the next. */
char *advice_name_disk(const HostlerDisk *disk);
/* "16.0 GiB" */
char *advice_show_bytes(guint64 bytes);

/* The word that begins with `start` on the kernel's command line, "" when there is
 * none. Owned by the caller. */
char *advice_argument(HostlerHost *host, const char *start);
/* NULL: the VM does not list it. */
const HostlerPciDevice *advice_listed(const HostlerDomain *domain, const char *bdf);
