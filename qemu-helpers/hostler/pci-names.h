/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What pci.ids calls vendors, devices and classes. */
typedef struct _PciNames PciNames;

typedef enum {
	PCI_NAME_CLASS,  /* first: class, 0x0300 */
	PCI_NAME_VENDOR, /* first: vendor */
	PCI_NAME_DEVICE, /* first: vendor, second: device */
} PciNameKind;

/* `file` instead of the system's pci.ids, for tests; NULL: that one. */
PciNames *pci_names_open(const char *file);
void pci_names_free(PciNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PciNames, pci_names_free)

/* For a terminal's line. NULL when the list does not have it or cannot be read. */
char *pci_names_find(PciNames *names, PciNameKind kind, int first, int second);
