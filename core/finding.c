/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of what plugins saw before anything is touched, and its verdict. */

#include "hostler/finding.h"

static void finding_free(gpointer data)
{
	HostlerFinding *finding = data;

	g_free(finding->subject);
	g_free(finding->text);
	g_free(finding->mend);
	g_free(finding);
}

HostlerFindings *hostler_findings_new(void)
{
	HostlerFindings *findings = g_new0(HostlerFindings, 1);

	findings->items = g_ptr_array_new_with_free_func(finding_free);
	return findings;
}

void hostler_findings_free(HostlerFindings *findings)
{
	if (findings == NULL)
		return;
	g_ptr_array_unref(findings->items);
	g_free(findings);
}

/* What holds for both families of a network is found for each of them. */
static gboolean is_found(const HostlerFindings *findings, const HostlerFinding *finding)
{
	for (guint i = 0; i < findings->items->len; i++) {
		const HostlerFinding *other = g_ptr_array_index(findings->items, i);

		if (other->severity == finding->severity && other->code == finding->code &&
		    g_strcmp0(other->subject, finding->subject) == 0 && g_str_equal(other->text, finding->text) &&
		    g_strcmp0(other->mend, finding->mend) == 0)
			return TRUE;
	}
	return FALSE;
}

void hostler_findings_add(HostlerFindings *findings, HostlerSeverity severity, HostlerErrorCode code,
			  const char *subject, const char *mend, const char *format, ...)
{
	HostlerFinding *finding = g_new0(HostlerFinding, 1);
	va_list args;

	va_start(args, format);
	finding->text = g_strdup_vprintf(format, args);
	va_end(args);
	finding->severity = severity;
	finding->code = code;
	finding->subject = g_strdup(subject);
	finding->mend = g_strdup(mend);
	if (is_found(findings, finding))
		finding_free(finding);
	else
		g_ptr_array_add(findings->items, finding);
}

HostlerSeverity hostler_findings_worst(const HostlerFindings *findings)
{
	HostlerSeverity worst = HOSTLER_SEVERITY_NOTE;

	for (guint i = 0; i < findings->items->len; i++) {
		const HostlerFinding *finding = g_ptr_array_index(findings->items, i);

		worst = MAX(worst, finding->severity);
	}
	return worst;
}

gboolean hostler_findings_allow(const HostlerFindings *findings, GError **error)
{
	const HostlerFinding *first = NULL;
	guint others = 0;
	g_autoptr(GString) line = NULL;

	for (guint i = 0; i < findings->items->len; i++) {
		const HostlerFinding *finding = g_ptr_array_index(findings->items, i);

		if (finding->severity != HOSTLER_SEVERITY_REFUSE)
			continue;
		if (first == NULL)
			first = finding;
		else
			others++;
	}
	if (first == NULL)
		return TRUE;
	line = g_string_new(first->text);
	if (first->mend != NULL)
		g_string_append_printf(line, "; %s", first->mend);
	if (others > 0)
		g_string_append_printf(line, " (and %u more: see 'hostler check')", others);
	g_set_error_literal(error, HOSTLER_ERROR, (int)first->code, line->str);
	return FALSE;
}
