/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/plugin.h"
#include "redact.h"

/* What `hostler status --bundle` collects for a report: one text, section by
 * section, with nobody's names in it. */
typedef struct {
	GString *text;
	Redactor *redactor;
	GPtrArray *uuids; /* char *: VMs are called vm-1, vm-2, ... by their place here */
} Bundle;

/* All of it, as text. It reads devices in jobs, three times, each within the time of a hook;
 * `versions` are the programs around us, a line each. */
char *bundle_collect(HostlerHost *host, const char *const *versions);

/* Writes it to a new file that only its owner may read, or to stdout for "-". FALSE
 * with an error when there is such a file already. */
gboolean bundle_write(const char *file, const char *text, GError **error);

/* --- the parts --- */

void bundle_title(Bundle *bundle, const char *title);
/* Every line but those of a dump comes through here, and through the redactor. */
void bundle_line(Bundle *bundle, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Before devices are read: the time of a hook, from now on. */
void bundle_take_time(HostlerHost *host);

/* bundle-kernel.c */
void bundle_add_kernel(Bundle *bundle, HostlerHost *host);
/* The lines about passing devices through, resets and errors of PCI Express, the
 * last of them when there are many. */
void bundle_add_log(Bundle *bundle, HostlerHost *host);

/* bundle-records.c */
/* Learns the names of the VMs, so that they are kept out of everything. */
void bundle_learn(Bundle *bundle, HostlerHost *host);
void bundle_add_records(Bundle *bundle, HostlerHost *host);

/* bundle-device.c: all devices in short, and the configuration space of those that
 * VMs have, that are on vfio-pci, and of their neighbours and ports, as lspci -xxxx
 * writes it: `hostler check --dump` explains a bundle. */
void bundle_add_devices(Bundle *bundle, HostlerHost *host);
