/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of PCI devices, by libpci. It ends the program when it does not like its
 * list, so its error handler is ours and leaves by a jump; nothing of GLib's is
 * open on the way. After that there are numbers instead of names. */
#include "pci-names.h"

#include <pci/pci.h>
#include <setjmp.h>

#include "hostler/text.h"

#define LONGEST_NAME 256 /* bytes */

struct _PciNames {
	struct pci_access *access;
	gboolean failed; /* the list is of no use */
};

/* --- libpci's messages --- */

static jmp_buf after_error;

static void fail(char *message, ...) G_GNUC_PRINTF(1, 2) G_GNUC_NORETURN;

static void fail(char *message, ...)
{
	longjmp(after_error, 1);
}

static void be_silent(char *message, ...) G_GNUC_PRINTF(1, 2);

static void be_silent(char *message, ...)
{
}

/* --- the list --- */

PciNames *pci_names_open(const char *file)
{
	PciNames *names = g_new0(PciNames, 1);

	names->access = pci_alloc();
	names->access->error = fail;
	names->access->warning = be_silent;
	names->access->debug = be_silent;
	if (file != NULL)
		pci_set_name_list_path(names->access, g_strdup(file), 1);
	return names;
}

void pci_names_free(PciNames *names)
{
	pci_cleanup(names->access);
	g_free(names);
}

/* The list alone: neither udev's copy of it nor the network is asked. */
static const char *ask(struct pci_access *access, PciNameKind kind, char *name, int first, int second)
{
	const int flags = PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB;

	switch (kind) {
	case PCI_NAME_CLASS:
		return pci_lookup_name(access, name, LONGEST_NAME, flags | PCI_LOOKUP_CLASS, first);
	case PCI_NAME_VENDOR:
		return pci_lookup_name(access, name, LONGEST_NAME, flags | PCI_LOOKUP_VENDOR, first);
	case PCI_NAME_DEVICE:
		return pci_lookup_name(access, name, LONGEST_NAME, flags | PCI_LOOKUP_DEVICE, first, second);
	}
	return NULL;
}

/* libpci has closed its list by the time it complains; it is only not asked again. */
static const char *ask_guarded(PciNames *names, PciNameKind kind, char *name, int first, int second)
{
	if (names->failed)
		return NULL;
	if (setjmp(after_error) != 0) {
		names->failed = TRUE;
		return NULL;
	}
	return ask(names->access, kind, name, first, second);
}

char *pci_names_find(PciNames *names, PciNameKind kind, int first, int second)
{
	char name[LONGEST_NAME] = "";
	const char *found = ask_guarded(names, kind, name, first, second);

	return found != NULL && *found != '\0' ? hostler_text_line(found, LONGEST_NAME) : NULL;
}
