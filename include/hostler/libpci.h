/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <pci/pci.h>

/* libpci ends the program when it does not like what it reads. An access from here
 * says nothing, and may fail only within hostler_libpci_try(). */

struct pci_access *hostler_libpci_new(void);

/* Calls `func`. FALSE: libpci gave up on the way and left `func` by a jump, so that
 * what `func` had open stays open; `why`, unless NULL, is its reason, owned by the
 * caller. Not within another such call. */
gboolean hostler_libpci_try(void (*func)(gpointer data), gpointer data, char **why);
