/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libpci, kept from ending our program and from talking. */
#include "hostler/libpci.h"

#include <setjmp.h>
#include <stdio.h>

static jmp_buf after_error;
static char reason[256];

static void fail(char *message, ...) G_GNUC_PRINTF(1, 2) G_GNUC_NORETURN;

static void fail(char *message, ...)
{
	va_list args;

	va_start(args, message);
	vsnprintf(reason, sizeof(reason), message, args);
	va_end(args);
	longjmp(after_error, 1);
}

static void be_silent(char *message, ...) G_GNUC_PRINTF(1, 2);

static void be_silent(char *message, ...)
{
}

struct pci_access *hostler_libpci_new(void)
{
	struct pci_access *access = pci_alloc();

	access->error = fail;
	access->warning = be_silent;
	access->debug = be_silent;
	return access;
}

gboolean hostler_libpci_try(void (*func)(gpointer data), gpointer data, char **why)
{
	if (setjmp(after_error) != 0) {
		if (why != NULL)
			*why = g_strdup(reason);
		return FALSE;
	}
	func(data);
	return TRUE;
}
