/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as a quirk file: refused as a whole with one line, or taken as a whole. */

#include "hostler/error.h"
#include "plugins/reset/quirk.h"
#include "tests/fuzz/fuzz.h"

static void check_quirk(const ResetQuirks *quirks, const ResetQuirk *quirk)
{
	g_assert_cmpuint(quirk->matches->len, >, 0);
	g_assert_cmpuint(quirk->n_rungs, <=, RESET_N_RUNGS);
	g_assert_nonnull(quirk->source);
	for (guint i = 0; i < quirk->n_rungs; i++)
		g_assert_cmpuint(quirk->never & RESET_RUNG_BIT(quirk->rungs[i]), ==, 0);
	for (guint i = 0; i < quirk->matches->len; i++) {
		const ResetMatch *match = &g_array_index(quirk->matches, ResetMatch, i);
		g_autofree char *text = reset_match_text(match);
		g_autofree char *wrong = NULL;
		g_autoptr(GArray) again = reset_matches_parse(text, &wrong);

		g_assert_nonnull(again);
		g_assert_true(reset_match_among(again, match));
		g_assert_cmpuint(match->kind, <=, RESET_MATCH_SUBSYSTEM);
		if (match->kind >= RESET_MATCH_DEVICE)
			g_assert_nonnull(reset_quirks_find(quirks, &match->id));
	}
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autoptr(ResetQuirks) quirks = reset_quirks_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	if (!g_utf8_validate_len((const char *)data, size, NULL))
		return 0;
	text = g_strndup((const char *)data, size);
	if (!reset_quirks_add(quirks, "some.quirk", FALSE, text, &error)) {
		fuzz_check_error(error, HOSTLER_ERROR);
		g_assert_cmpuint(quirks->quirks->len, ==, 0);
	}
	for (guint i = 0; i < quirks->quirks->len; i++)
		check_quirk(quirks, g_ptr_array_index(quirks->quirks, i));
	return 0;
}
