/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a case file to its sections. */
#include "case.h"

#include <string.h>

#define MARK "--- "
#define EXPECT MARK "expect\n"

static void domain_free(CaseDomain *domain)
{
	g_free(domain->label);
	g_free(domain->xml);
	g_clear_pointer(&domain->domain, hostler_domain_free);
	g_free(domain);
}

static void quirks_free(CaseQuirks *quirks)
{
	g_free(quirks->name);
	g_free(quirks->text);
	g_free(quirks);
}

void case_free(Case *test_case)
{
	g_free(test_case->path);
	g_free(test_case->head);
	g_free(test_case->host);
	g_ptr_array_unref(test_case->domains);
	g_ptr_array_unref(test_case->quirks);
	g_strfreev(test_case->operations);
	g_free(test_case->expect);
	g_free(test_case);
}

static gboolean take_domain(Case *test_case, const char *label, const char *text, GError **error)
{
	CaseDomain *domain = g_new0(CaseDomain, 1);

	domain->label = g_strdup(label);
	domain->xml = g_strdup(text);
	g_ptr_array_add(test_case->domains, domain);
	domain->domain = hostler_domain_from_xml(text, strlen(text), error);
	return domain->domain != NULL;
}

static void take_quirks(Case *test_case, const char *rest, const char *text)
{
	g_auto(GStrv) words = g_strsplit(rest, " ", 2);
	CaseQuirks *quirks = g_new0(CaseQuirks, 1);

	quirks->name = g_strdup(words[0]);
	quirks->mode = words[1] != NULL ? (int)g_ascii_strtoull(words[1], NULL, 8) : 0644;
	quirks->text = g_strdup(text);
	g_ptr_array_add(test_case->quirks, quirks);
}

/* Lines without comments and blanks. */
static GStrv take_operations(const char *text)
{
	g_autoptr(GStrvBuilder) operations = g_strv_builder_new();
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (gsize i = 0; lines[i] != NULL; i++) {
		g_strstrip(lines[i]);
		if (*lines[i] != '\0' && *lines[i] != '#')
			g_strv_builder_add(operations, lines[i]);
	}
	return g_strv_builder_end(operations);
}

static gboolean take_section(Case *test_case, const char *name, const char *text, GError **error)
{
	if (g_str_equal(name, "host"))
		test_case->host = g_strdup(text);
	else if (g_str_equal(name, "domain"))
		return take_domain(test_case, "", text, error);
	else if (g_str_has_prefix(name, "domain "))
		return take_domain(test_case, name + strlen("domain "), text, error);
	else if (g_str_has_prefix(name, "quirks "))
		take_quirks(test_case, name + strlen("quirks "), text);
	else if (g_str_equal(name, "do"))
		test_case->operations = take_operations(text);
	else if (g_str_equal(name, "sweep"))
		test_case->sweep = TRUE;
	else if (g_str_equal(name, "expect"))
		test_case->expect = g_strdup(text);
	else {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "no section: %s", name);
		return FALSE;
	}
	return TRUE;
}

static gboolean take_sections(Case *test_case, const char *text, GError **error)
{
	g_autofree char *fenced = g_strconcat("\n", text, NULL);
	g_auto(GStrv) sections = g_strsplit(fenced, "\n" MARK, -1);

	for (gsize i = 1; sections[i] != NULL; i++) {
		char *end = strchrnul(sections[i], '\n');
		g_autofree char *name = g_strndup(sections[i], (gsize)(end - sections[i]));
		gboolean last = sections[i + 1] == NULL;
		/* The newline before the next mark belongs to the section. */
		g_autofree char *body = g_strconcat(*end != '\0' ? end + 1 : "", last ? "" : "\n", NULL);

		if (!take_section(test_case, name, body, error))
			return FALSE;
	}
	return TRUE;
}

Case *case_parse(const char *path, const char *text, GError **error)
{
	g_autoptr(Case) test_case = g_new0(Case, 1);
	const char *expect;

	test_case->path = g_strdup(path);
	test_case->domains = g_ptr_array_new_with_free_func((GDestroyNotify)domain_free);
	test_case->quirks = g_ptr_array_new_with_free_func((GDestroyNotify)quirks_free);
	if (!take_sections(test_case, text, error))
		return NULL;
	expect = strstr(text, EXPECT);
	if (test_case->host == NULL || test_case->operations == NULL || expect == NULL) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s lacks a section", path);
		return NULL;
	}
	test_case->head = g_strndup(text, (gsize)(expect - text) + strlen(EXPECT));
	return g_steal_pointer(&test_case);
}

Case *case_load(const char *path, GError **error)
{
	g_autofree char *text = NULL;

	return g_file_get_contents(path, &text, NULL, error) ? case_parse(path, text, error) : NULL;
}

const CaseDomain *case_domain(const Case *test_case, const char *label)
{
	for (guint i = 0; i < test_case->domains->len; i++) {
		const CaseDomain *domain = g_ptr_array_index(test_case->domains, i);

		if (g_str_equal(domain->label, label))
			return domain;
	}
	return NULL;
}

gboolean case_store(const Case *test_case, const char *expect, GError **error)
{
	g_autofree char *text = g_strconcat(test_case->head, expect, NULL);

	return g_file_set_contents(test_case->path, text, -1, error);
}
