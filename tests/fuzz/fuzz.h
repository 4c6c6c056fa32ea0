/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* One input of libFuzzer, or of replay.c. Aborts where a promise is broken. */
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* What every refusal promises: the domain, and one printable line. */
static inline void fuzz_check_error(const GError *error, GQuark domain)
{
	g_assert_nonnull(error);
	g_assert_true(domain == 0 || error->domain == domain);
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
	g_assert_cmpuint(strlen(error->message), <, 2000);
	for (const char *c = error->message; *c != '\0'; c++)
		g_assert_cmpuint((guint8)*c, >=, 0x20);
}
