/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a quirk file, line by line, because GKeyFile forgets on which line
 * a key was and lets the last of two win. */
#include <string.h>

#include "hostler/error.h"
#include "hostler/text.h"
#include "plugins/reset/quirk.h"

typedef struct {
	const ResetQuirks *known; /* from other files */
	GPtrArray *quirks;        /* from this one */
	const char *file;
	gboolean is_admins;
	guint line;
	ResetQuirk *quirk; /* the entry that is being read; NULL before the first */
	guint seen;        /* its keys, a bit each */
} Reader;

static gboolean fail(const Reader *reader, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean fail(const Reader *reader, GError **error, const char *format, ...)
{
	g_autofree char *file = hostler_text_line(reader->file, 1024);
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_CONFIG, "%s, line %u: %s", file, reader->line, message);
	return FALSE;
}

/* --- values --- */

static gboolean read_rung(const Reader *reader, const char *word, ResetRung *rung, GError **error)
{
	const char *nearest;
	g_autofree char *shown = NULL;
	g_autofree char *all = NULL;

	if (reset_rung_find(word, rung))
		return TRUE;
	nearest = hostler_text_nearest(word, reset_rung_names());
	shown = hostler_text_shown(word);
	if (nearest != NULL)
		return fail(reader, error, "unknown reset '%s'; did you mean '%s'?", shown, nearest);
	all = g_strjoinv(" ", (char **)(gpointer)reset_rung_names());
	return fail(reader, error, "unknown reset '%s'; known: %s", shown, all);
}

static gboolean take_rung(const Reader *reader, const char *word, guint *named, ResetRung *rung, GError **error)
{
	if (!read_rung(reader, word, rung, error))
		return FALSE;
	if (*named & RESET_RUNG_BIT(*rung))
		return fail(reader, error, "%s is named twice; remove one of the two", word);
	*named |= RESET_RUNG_BIT(*rung);
	return TRUE;
}

static gboolean read_methods(Reader *reader, const char *value, GError **error)
{
	g_auto(GStrv) words = g_strsplit_set(value, " \t", -1);
	ResetQuirk *quirk = reader->quirk;
	guint named = 0;
	ResetRung rung;

	for (gsize i = 0; words[i] != NULL; i++) {
		if (*words[i] == '\0')
			continue;
		if (!take_rung(reader, words[i], &named, &rung, error))
			return FALSE;
		quirk->rungs[quirk->n_rungs++] = rung;
	}
	return quirk->n_rungs > 0 || fail(reader, error, "methods= names no reset; what must not be tried is never=");
}

static gboolean read_never(Reader *reader, const char *value, GError **error)
{
	g_auto(GStrv) words = g_strsplit_set(value, " \t", -1);
	ResetRung rung;

	for (gsize i = 0; words[i] != NULL; i++) {
		if (*words[i] != '\0' && !take_rung(reader, words[i], &reader->quirk->never, &rung, error))
			return FALSE;
	}
	return reader->quirk->never != 0 || fail(reader, error, "never= names no reset");
}

/* It is said to people and looked for in /sys/module, never run. */
static gboolean read_needs(Reader *reader, const char *value, GError **error)
{
	g_autofree char *shown = NULL;

	if (*value == '\0' || strlen(value) > 64 ||
	    strspn(value, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_") != strlen(value)) {
		shown = hostler_text_shown(value);
		return fail(reader, error, "needs=%s is no name of a module as lsmod shows it", shown);
	}
	reader->quirk->needs = g_strdup(value);
	return TRUE;
}

static gboolean read_words(Reader *reader, const char *key, const char *value, char **words, GError **error)
{
	if (*value == '\0')
		return fail(reader, error, "%s= is empty", key);
	*words = hostler_text_line(value, 300);
	return TRUE;
}

static gboolean read_source(Reader *reader, const char *value, GError **error)
{
	return read_words(reader, "source", value, &reader->quirk->source, error);
}

static gboolean read_note(Reader *reader, const char *value, GError **error)
{
	return read_words(reader, "note", value, &reader->quirk->note, error);
}

static const struct {
	const char *key;
	gboolean (*read)(Reader *reader, const char *value, GError **error);
} keys[] = {
	{ "methods", read_methods }, { "never", read_never }, { "needs", read_needs },
	{ "source", read_source },   { "note", read_note },
};

static gboolean fail_key(const Reader *reader, const char *key, GError **error)
{
	static const char *const known[] = { "methods", "never", "needs", "source", "note", NULL };
	const char *nearest = hostler_text_nearest(key, known);
	g_autofree char *shown = hostler_text_shown(key);

	if (nearest != NULL)
		return fail(reader, error, "unknown key '%s'; did you mean '%s'?", shown, nearest);
	return fail(reader, error, "unknown key '%s'; known here: methods, never, needs, source, note", shown);
}

static gboolean read_key(Reader *reader, const char *key, const char *value, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (!g_str_equal(keys[i].key, key))
			continue;
		if (reader->seen & 1u << i)
			return fail(reader, error, "%s= is set twice in this group; remove one of the two", key);
		reader->seen |= 1u << i;
		return keys[i].read(reader, value, error);
	}
	return fail_key(reader, key, error);
}

/* --- entries --- */

static gboolean end_entry(const Reader *reader, GError **error)
{
	const ResetQuirk *quirk = reader->quirk;
	Reader at = *reader;

	if (quirk == NULL)
		return TRUE;
	at.line = quirk->line;
	if (quirk->source == NULL)
		return fail(&at, error, "the group has no source=; say where this is known from");
	if (quirk->n_rungs == 0 && quirk->never == 0 && quirk->note == NULL)
		return fail(&at, error, "the group says nothing; give it methods=, never= or note=");
	for (guint i = 0; i < quirk->n_rungs; i++) {
		if (quirk->never & RESET_RUNG_BIT(quirk->rungs[i]))
			return fail(&at, error, "%s stands in methods= and in never=; remove one of the two",
				    reset_rung_name(quirk->rungs[i]));
	}
	return TRUE;
}

/* All matches of an entry are of one kind and of one vendor. */
static gboolean may_have(const ResetQuirk *quirk, gboolean is_admins, const ResetMatch *match)
{
	const ResetMatch *first = quirk->matches->len > 0 ? &g_array_index(quirk->matches, ResetMatch, 0) : NULL;

	return first != NULL && quirk->is_admins == is_admins && first->kind == match->kind &&
	       first->id.vendor == match->id.vendor;
}

static const ResetQuirk *find_same(const GPtrArray *quirks, gboolean is_admins, const ResetMatch *match)
{
	for (guint i = 0; i < quirks->len; i++) {
		const ResetQuirk *quirk = g_ptr_array_index(quirks, i);

		if (may_have(quirk, is_admins, match) && reset_match_among(quirk->matches, match))
			return quirk;
	}
	return NULL;
}

static gboolean take_match(Reader *reader, const ResetMatch *match, GError **error)
{
	const ResetQuirk *other = find_same(reader->quirks, reader->is_admins, match);
	g_autofree char *text = NULL;

	if (other == NULL)
		other = find_same(reader->known->quirks, reader->is_admins, match);
	if (other == NULL) {
		g_array_append_val(reader->quirk->matches, *match);
		return TRUE;
	}
	text = reset_match_text(match);
	return fail(reader, error, "%s has an entry already: %s, line %u; remove one of the two", text, other->file,
		    other->line);
}

static void begin_entry(Reader *reader)
{
	ResetQuirk *quirk = g_new0(ResetQuirk, 1);

	quirk->matches = g_array_new(FALSE, TRUE, sizeof(ResetMatch));
	quirk->file = hostler_text_line(reader->file, 1024);
	quirk->line = reader->line;
	quirk->is_admins = reader->is_admins;
	g_ptr_array_add(reader->quirks, quirk);
	reader->quirk = quirk;
	reader->seen = 0;
}

static gboolean fail_text(const Reader *reader, const char *text, const char *what, GError **error)
{
	g_autofree char *shown = hostler_text_shown(text);

	return fail(reader, error, "'%s' %s", shown, what);
}

static gboolean enter_group(Reader *reader, char *text, GError **error)
{
	gsize length = strlen(text);
	g_autofree char *wrong = NULL;
	g_autoptr(GArray) matches = NULL;

	if (!end_entry(reader, error))
		return FALSE;
	if (text[length - 1] != ']')
		return fail_text(reader, text, "does not end with ']'", error);
	text[length - 1] = '\0';
	matches = reset_matches_parse(text + 1, &wrong);
	if (matches == NULL)
		return fail(reader, error, "%s", wrong);
	begin_entry(reader);
	for (guint i = 0; i < matches->len; i++) {
		if (!take_match(reader, &g_array_index(matches, ResetMatch, i), error))
			return FALSE;
	}
	return TRUE;
}

static gboolean read_line(Reader *reader, char *line, GError **error)
{
	char *text = g_strstrip(line);
	char *equals = strchr(text, '=');

	if (text[0] == '\0' || text[0] == '#')
		return TRUE;
	if (text[0] == '[')
		return enter_group(reader, text, error);
	if (equals == NULL)
		return fail_text(reader, text, "is neither [group] nor key=value; comments begin with #", error);
	if (reader->quirk == NULL)
		return fail_text(reader, text, "stands before the first [group]", error);
	*equals = '\0';
	return read_key(reader, g_strchomp(text), g_strchug(equals + 1), error);
}

gboolean reset_quirks_add(ResetQuirks *quirks, const char *file, gboolean is_admins, const char *text, GError **error)
{
	g_autofree char *lines = g_strdup(text);
	g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func((GDestroyNotify)reset_quirk_free);
	Reader reader = { .known = quirks, .quirks = read, .file = file, .is_admins = is_admins };

	for (char *rest = lines; rest != NULL;) {
		reader.line++;
		if (!read_line(&reader, strsep(&rest, "\n"), error))
			return FALSE;
	}
	if (!end_entry(&reader, error))
		return FALSE;
	g_ptr_array_extend_and_steal(quirks->quirks, g_steal_pointer(&read));
	return TRUE;
}
