/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes out of a line what names a person, a machine or a VM: the names that we
 * know, and what has the form of one. */
#include "redact.h"

#include <string.h>

#include "hostler/text.h"

#define LONGEST_LINE 1000 /* characters */

typedef struct {
	GRegex *regex;
	char *with;
} Rule;

struct _Redactor {
	GPtrArray *words; /* Rule, the longest word first */
	GPtrArray *forms; /* Rule */
};

/* A PCI address has two colons, an IPv6 address has more or a double one, and maybe an
 * IPv4 address at its end, which goes first. */
static const struct {
	const char *form;
	const char *with;
} forms[] = {
	{ "\\bVM '.*?'(?=[\\s;:,.)]|$)", "VM '[name]'" },
	{ "\\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\\b", "[uuid]" },
	{ "(?<![0-9a-f:-])[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}(?![0-9a-f:-])", "[mac]" },
	{ "(?<![0-9a-z])[0-9a-f]{12}(?![0-9a-z])", "[mac]" },
	{ "(?<![0-9a-z])[0-9a-f]{4}\\.[0-9a-f]{4}\\.[0-9a-f]{4}(?![0-9a-z])", "[mac]" },
	{ "(?<![\\w.])\\d{1,3}(\\.\\d{1,3}){3}(?!\\w|\\.\\d)", "[address]" },
	{ "(?<![\\w:])([0-9a-f]{0,4}:){5,}[0-9a-f]{0,4}(?![\\w:])", "[address]" },
	{ "(?<![\\w:])([0-9a-f]{1,4}:)*[0-9a-f]{0,4}::([0-9a-f]{1,4}:)*[0-9a-f]{1,4}(?!\\w)", "[address]" },
	{ "(?<![\\w:])([0-9a-f]{1,4}:)+:(?![\\w:])", "[address]" },
	{ "(?<![0-9a-z])([0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![0-9a-z])", "[mac]" }, /* "mac:52:54:..." */
	{ "[^\\s'\"<>(),;]+@[^\\s'\"<>(),;]+", "[mail]" },
	{ "(?<![\\w/])/(home|root|mnt|media|srv|var|tmp|data|opt|net|run/(media|user))/[^'\",;]*", "[path]" },
};

static void rule_free(gpointer data)
{
	Rule *rule = data;

	g_regex_unref(rule->regex);
	g_free(rule->with);
	g_free(rule);
}

static Rule *rule_new(const char *pattern, const char *with)
{
	GRegex *regex = g_regex_new(pattern, G_REGEX_CASELESS | G_REGEX_OPTIMIZE, 0, NULL);
	Rule *rule;

	/* A word that no pattern can be made of is longer than any line. */
	if (regex == NULL)
		return NULL;
	rule = g_new0(Rule, 1);
	rule->regex = regex;
	rule->with = g_strdup(with);
	return rule;
}

Redactor *redactor_new(void)
{
	Redactor *redactor = g_new0(Redactor, 1);

	redactor->words = g_ptr_array_new_with_free_func(rule_free);
	redactor->forms = g_ptr_array_new_with_free_func(rule_free);
	for (gsize i = 0; i < G_N_ELEMENTS(forms); i++)
		g_ptr_array_add(redactor->forms, rule_new(forms[i].form, forms[i].with));
	return redactor;
}

void redactor_free(Redactor *redactor)
{
	g_ptr_array_unref(redactor->words);
	g_ptr_array_unref(redactor->forms);
	g_free(redactor);
}

static int compare_lengths(gconstpointer a, gconstpointer b)
{
	gsize x = strlen(g_regex_get_pattern((*(const Rule *const *)a)->regex));
	gsize y = strlen(g_regex_get_pattern((*(const Rule *const *)b)->regex));

	return x > y ? -1 : x < y;
}

static void add_word(Redactor *redactor, const char *word, const char *alias)
{
	g_autofree char *escaped = g_regex_escape_string(word, -1);
	g_autofree char *pattern = g_strdup_printf("(?<![\\w])%s(?![\\w])", escaped);
	Rule *rule = *word != '\0' ? rule_new(pattern, alias) : NULL;

	if (rule == NULL)
		return;
	g_ptr_array_add(redactor->words, rule);
	g_ptr_array_sort(redactor->words, compare_lengths);
}

/* In each form in which a message of ours may have it. */
void redactor_hide(Redactor *redactor, const char *word, const char *alias)
{
	g_autofree char *whole = hostler_text_line(word, LONGEST_LINE);
	g_autofree char *shown = hostler_text_shown(word);

	add_word(redactor, whole, alias);
	if (!g_str_equal(whole, shown))
		add_word(redactor, shown, alias);
}

void redactor_hide_host(Redactor *redactor, const char *name)
{
	g_auto(GStrv) parts = g_strsplit(name != NULL ? name : "", ".", 2);

	redactor_hide(redactor, name, "[host]");
	if (parts[0] != NULL && parts[1] != NULL)
		redactor_hide(redactor, parts[0], "[host]");
}

static char *apply(const GPtrArray *rules, char *text)
{
	for (guint i = 0; i < rules->len; i++) {
		const Rule *rule = g_ptr_array_index(rules, i);
		char *next = g_regex_replace_literal(rule->regex, text, -1, 0, rule->with, 0, NULL);

		g_free(text);
		text = next != NULL ? next : g_strdup("[a line that could not be read]");
	}
	return text;
}

char *redactor_line(const Redactor *redactor, const char *line)
{
	return apply(redactor->forms, apply(redactor->words, hostler_text_line(line, LONGEST_LINE)));
}
