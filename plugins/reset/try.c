/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of a rung: kept by a job's answer, said to people. */
#include "plugins/reset/try.h"

void reset_try_free(ResetTry *tried)
{
	g_free(tried->unsound);
	g_free(tried->said);
	g_free(tried);
}

/* Where no register tells, the kernel's word counts. */
gboolean reset_try_is_good(const ResetTry *tried)
{
	return tried->unsound == NULL && (tried->verdict == RESET_DONE ||
					  (tried->verdict == RESET_UNPROVEN && tried->said == NULL));
}

void reset_try_write(const ResetTry *tried, GKeyFile *answer, const char *group)
{
	g_key_file_set_integer(answer, group, "rung", (int)tried->rung);
	g_key_file_set_integer(answer, group, "verdict", (int)tried->verdict);
	g_key_file_set_int64(answer, group, "microseconds", tried->microseconds);
	if (tried->unsound != NULL)
		g_key_file_set_string(answer, group, "unsound", tried->unsound);
	if (tried->said != NULL)
		g_key_file_set_string(answer, group, "said", tried->said);
}

ResetTry *reset_try_read(GKeyFile *answer, const char *group)
{
	ResetTry *tried;

	if (!g_key_file_has_group(answer, group))
		return NULL;
	tried = g_new0(ResetTry, 1);
	tried->rung = (ResetRung)CLAMP(g_key_file_get_integer(answer, group, "rung", NULL), 0, RESET_N_RUNGS - 1);
	tried->verdict =
		(ResetVerdict)CLAMP(g_key_file_get_integer(answer, group, "verdict", NULL), 0, RESET_N_VERDICTS - 1);
	tried->microseconds = g_key_file_get_int64(answer, group, "microseconds", NULL);
	tried->unsound = g_key_file_get_string(answer, group, "unsound", NULL);
	tried->said = g_key_file_get_string(answer, group, "said", NULL);
	return tried;
}

/* --- words --- */

const char *reset_rung_shown(ResetRung rung)
{
	if (rung == RESET_RUNG_HOT_RESET)
		return "the whole slot by VFIO";
	return rung == RESET_RUNG_SLOT ? "the whole slot" : reset_rung_name(rung);
}

static char *unsound_text(const ResetTry *tried)
{
	return tried->unsound != NULL ? g_strdup_printf(" but is not sound: %s", tried->unsound) : g_strdup("");
}

/* Of an unproven reset that the kernel denies, nothing was. */
static const char *verdict_text(const ResetTry *tried)
{
	if (tried->verdict == RESET_UNPROVEN && tried->said != NULL)
		return "was not reset as far as the kernel tells";
	return reset_verdict_text(tried->verdict);
}

char *reset_try_text(const ResetTry *tried)
{
	g_autofree char *unsound = unsound_text(tried);
	const char *rung = reset_rung_shown(tried->rung);

	if (tried->verdict == RESET_NOT_TAKEN)
		return g_strdup_printf("%s: was not tried, %s", rung, tried->said != NULL ? tried->said : "");
	return g_strdup_printf("%s: %s%s, %" G_GINT64_FORMAT " ms", rung, verdict_text(tried), unsound,
			       tried->microseconds / 1000);
}

static char *head_text(const ResetTry *tried)
{
	g_autofree char *unsound = unsound_text(tried);
	gboolean denied = tried->said != NULL && tried->verdict != RESET_DONE;

	if (tried->verdict == RESET_NOT_TAKEN)
		return g_strdup("was not reset");
	return g_strdup_printf("%s%s (%s, %" G_GINT64_FORMAT " ms)%s%s", verdict_text(tried), unsound,
			       reset_rung_shown(tried->rung), tried->microseconds / 1000,
			       denied ? ": " : "", denied ? tried->said : "");
}

/* The last that was really tried. */
static guint find_head(const GPtrArray *tries)
{
	for (guint i = tries->len; i > 0; i--) {
		if (((const ResetTry *)g_ptr_array_index(tries, i - 1))->verdict != RESET_NOT_TAKEN)
			return i - 1;
	}
	return tries->len - 1;
}

char *reset_tries_text(const GPtrArray *tries)
{
	guint head = find_head(tries);
	const ResetTry *last = g_ptr_array_index(tries, head);
	g_autofree char *text = head_text(last);
	GString *all = g_string_new(text);

	for (guint i = 0; i < tries->len; i++) {
		g_autofree char *other = NULL;

		if (i == head && last->verdict != RESET_NOT_TAKEN)
			continue;
		other = reset_try_text(g_ptr_array_index(tries, i));
		g_string_append_printf(all, "; %s", other);
	}
	return g_string_free(all, FALSE);
}
