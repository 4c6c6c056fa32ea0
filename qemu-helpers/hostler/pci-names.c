/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of PCI devices, by libpci. When it does not like its list there are
 * numbers instead of names from then on. */
#include "pci-names.h"

#include "hostler/libpci.h"
#include "hostler/text.h"

#define LONGEST_NAME 256 /* bytes */

struct _PciNames {
	struct pci_access *access;
	gboolean failed; /* the list is of no use */
};

/* --- the list --- */

PciNames *pci_names_open(const char *file)
{
	PciNames *names = g_new0(PciNames, 1);

	names->access = hostler_libpci_new();
	if (file != NULL)
		pci_set_name_list_path(names->access, g_strdup(file), 1);
	return names;
}

void pci_names_free(PciNames *names)
{
	pci_cleanup(names->access);
	g_free(names);
}

typedef struct {
	struct pci_access *access;
	PciNameKind kind;
	int first;
	int second;
	char name[LONGEST_NAME];
	const char *found;
} Question;

/* The list alone: neither udev's copy of it nor the network is asked. */
static void ask(gpointer data)
{
	static const int kinds[] = {
		[PCI_NAME_CLASS] = PCI_LOOKUP_CLASS,
		[PCI_NAME_VENDOR] = PCI_LOOKUP_VENDOR,
		[PCI_NAME_DEVICE] = PCI_LOOKUP_DEVICE,
	};
	Question *question = data;

	question->found = pci_lookup_name(question->access, question->name, LONGEST_NAME,
					  PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB | kinds[question->kind],
					  question->first, question->second);
}

/* libpci has closed its list by the time it complains; it is only not asked again. */
char *pci_names_find(PciNames *names, PciNameKind kind, int first, int second)
{
	Question question = { .access = names->access, .kind = kind, .first = first, .second = second };

	if (names->failed)
		return NULL;
	names->failed = !hostler_libpci_try(ask, &question, NULL);
	if (names->failed || question.found == NULL || *question.found == '\0')
		return NULL;
	return hostler_text_line(question.found, LONGEST_NAME);
}
