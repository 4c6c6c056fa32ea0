/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings, for a person, for a pipe, and as JSON. */
#include "verdict.h"

#include <string.h>

#include "command.h"
#include "qemu-helpers/json/ascii.h"

#define COLUMN 8

static const struct {
	const char *name;
	Ink ink;
} severities[] = {
	[HOSTLER_SEVERITY_NOTE] = { "note", INK_PLAIN },
	[HOSTLER_SEVERITY_ADVICE] = { "advice", INK_YELLOW },
	[HOSTLER_SEVERITY_REFUSE] = { "refuse", INK_RED },
};

static const struct {
	const char *name;
	const char *sentences[VERDICT_APPLY + 1];
	Ink ink;
} verdicts[] = {
	[EXIT_FINE] = { "fine",
			{ "nothing stands against a start", "nothing stands against handing its devices to VMs",
			  "nothing to advise", "its metadata holds now" },
			INK_GREEN },
	[EXIT_ADVICE] = { "advice",
			  { "it would start, but see the advice", "see the advice", "see the advice",
			    "its metadata holds now, but see the advice" },
			  INK_YELLOW },
	[EXIT_REFUSED] = { "refuse",
			   { "it would not be started", "no VM would be started", "see above",
			     "all is as it was" },
			   INK_RED },
};

/* What `prepare` would do, as against what was found. */
static gboolean is_plan(const HostlerFinding *finding)
{
	return finding->severity == HOSTLER_SEVERITY_NOTE && finding->code == HOSTLER_ERROR_VFIO_PLAN;
}

/* --- commands that can be copied --- */

static gboolean is_plain(const char *name)
{
	return *name != '\0' && *name != '-' &&
	       name[strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-")] == '\0';
}

/* Findings are made without knowing how the VM is to be named to a shell: they say
 * "virsh edit VM". A name that a shell would take apart gives way to the UUID. */
static char *name_vm(const VerdictSubject *subject, const char *mend)
{
	static const char *const commands[] = { "virsh edit ", "virt-xml ", "virsh memtune ", "virsh domiflist ",
						"virsh attach-interface " };
	const char *name = subject->kind == VERDICT_VM && is_plain(subject->name) ? subject->name : subject->uuid;
	g_autoptr(GString) text = g_string_new(mend);

	for (gsize i = 0; subject->kind == VERDICT_VM && name != NULL && i < G_N_ELEMENTS(commands); i++) {
		g_autofree char *before = g_strconcat(commands[i], "VM", NULL);
		g_autofree char *after = g_strconcat(commands[i], name, NULL);

		g_string_replace(text, before, after, 0);
	}
	return paper_text(text->str);
}

int verdict_status(const HostlerFindings *findings)
{
	switch (hostler_findings_worst(findings)) {
	case HOSTLER_SEVERITY_NOTE:
		return EXIT_FINE;
	case HOSTLER_SEVERITY_ADVICE:
		return EXIT_ADVICE;
	case HOSTLER_SEVERITY_REFUSE:
		return EXIT_REFUSED;
	}
	return EXIT_REFUSED;
}

/* --- for a person: blocks --- */

static void print_plan(const Paper *paper, const HostlerFindings *findings)
{
	gboolean begun = FALSE;

	for (guint i = 0; i < findings->items->len; i++) {
		const HostlerFinding *finding = g_ptr_array_index(findings->items, i);
		g_autofree char *text = NULL;

		if (!is_plan(finding))
			continue;
		if (!begun) {
			paper_print(paper, INK_BOLD, 0, "Plan");
			fputs("\n", paper->out);
		}
		begun = TRUE;
		text = paper_text(finding->text);
		fprintf(paper->out, "  %s\n", text);
	}
}

static void print_block(const Paper *paper, const VerdictSubject *subject, const HostlerFinding *finding)
{
	g_autofree char *text = paper_text(finding->text);
	g_autofree char *mend = name_vm(subject, finding->mend);

	paper_print(paper, severities[finding->severity].ink, COLUMN, severities[finding->severity].name);
	fprintf(paper->out, "%s\n", text);
	if (finding->mend != NULL)
		fprintf(paper->out, "%-*s%s\n", COLUMN, "  mend", mend);
}

static void print_blocks(const Paper *paper, const VerdictSubject *subject, const HostlerFindings *findings,
			 HostlerSeverity severity)
{
	for (guint i = 0; i < findings->items->len; i++) {
		const HostlerFinding *finding = g_ptr_array_index(findings->items, i);

		if (finding->severity == severity && !is_plan(finding))
			print_block(paper, subject, finding);
	}
}

static void print_all_blocks(const Paper *paper, const VerdictSubject *subject, const HostlerFindings *findings)
{
	print_plan(paper, findings);
	print_blocks(paper, subject, findings, HOSTLER_SEVERITY_NOTE);
	print_blocks(paper, subject, findings, HOSTLER_SEVERITY_ADVICE);
	print_blocks(paper, subject, findings, HOSTLER_SEVERITY_REFUSE);
}

static void print_for_person(const Paper *paper, const char *name, const VerdictSubject *subject,
			     const HostlerFindings *findings)
{
	int status = verdict_status(findings);

	print_all_blocks(paper, subject, findings);
	paper_print(paper, INK_BOLD, 0, name);
	fputs(": ", paper->out);
	paper_print(paper, verdicts[status].ink, 0, verdicts[status].sentences[subject->kind]);
	fputs("\n", paper->out);
}

/* --- for a pipe: a line each --- */

static void print_line(const Paper *paper, const char *vm, const VerdictSubject *subject, const char *kind,
		       const HostlerFinding *finding)
{
	g_autofree char *text = paper_text(finding->text);
	g_autofree char *mend = name_vm(subject, finding->mend);

	fprintf(paper->out, "%s: %s: %s%s%s\n", vm, kind, text, finding->mend != NULL ? "; " : "", mend);
}

static void print_lines(const Paper *paper, const char *vm, const VerdictSubject *subject,
			const HostlerFindings *findings, HostlerSeverity severity, gboolean plan)
{
	for (guint i = 0; i < findings->items->len; i++) {
		const HostlerFinding *finding = g_ptr_array_index(findings->items, i);

		if (finding->severity == severity && is_plan(finding) == plan)
			print_line(paper, vm, subject, plan ? "plan" : severities[severity].name, finding);
	}
}

static void print_all_lines(const Paper *paper, const char *vm, const VerdictSubject *subject,
			    const HostlerFindings *findings)
{
	print_lines(paper, vm, subject, findings, HOSTLER_SEVERITY_NOTE, TRUE);
	print_lines(paper, vm, subject, findings, HOSTLER_SEVERITY_NOTE, FALSE);
	print_lines(paper, vm, subject, findings, HOSTLER_SEVERITY_ADVICE, FALSE);
	print_lines(paper, vm, subject, findings, HOSTLER_SEVERITY_REFUSE, FALSE);
}

static void print_for_pipe(const Paper *paper, const char *vm, const VerdictSubject *subject,
			   const HostlerFindings *findings)
{
	print_all_lines(paper, vm, subject, findings);
	fprintf(paper->out, "%s: %s\n", vm, verdicts[verdict_status(findings)].name);
}

void verdict_print(const Paper *paper, const VerdictSubject *subject, const HostlerFindings *findings)
{
	g_autofree char *shown = paper_text(subject->name);

	if (paper->terminal)
		print_for_person(paper, shown, subject, findings);
	else
		print_for_pipe(paper, shown, subject, findings);
}

void verdict_print_findings(const Paper *paper, const VerdictSubject *subject, const HostlerFindings *findings)
{
	g_autofree char *shown = paper_text(subject->name);

	if (paper->terminal)
		print_all_blocks(paper, subject, findings);
	else
		print_all_lines(paper, shown, subject, findings);
}

/* --- for a program --- */

static void add_plan(JsonBuilder *builder, const HostlerFinding *finding)
{
	json_builder_begin_object(builder);
	json_add_text(builder, "subject", finding->subject);
	json_add_text(builder, "text", finding->text);
	json_builder_end_object(builder);
}

static void add_finding(JsonBuilder *builder, const VerdictSubject *subject, const HostlerFinding *finding)
{
	g_autofree char *mend = finding->mend != NULL ? name_vm(subject, finding->mend) : NULL;

	json_builder_begin_object(builder);
	json_add_text(builder, "severity", severities[finding->severity].name);
	json_add_text(builder, "code", hostler_error_code_name(finding->code));
	json_add_text(builder, "subject", finding->subject);
	json_add_text(builder, "text", finding->text);
	json_add_text(builder, "mend", mend);
	json_builder_end_object(builder);
}

static void add_list(JsonBuilder *builder, const char *name, const VerdictSubject *subject,
		     const HostlerFindings *findings, gboolean plan)
{
	json_begin_array(builder, name);
	for (guint i = 0; i < findings->items->len; i++) {
		const HostlerFinding *finding = g_ptr_array_index(findings->items, i);

		if (is_plan(finding) != plan)
			continue;
		if (plan)
			add_plan(builder, finding);
		else
			add_finding(builder, subject, finding);
	}
	json_builder_end_array(builder);
}

void verdict_add_findings(JsonBuilder *builder, const VerdictSubject *subject, const HostlerFindings *findings)
{
	add_list(builder, "findings", subject, findings, FALSE);
}

void verdict_print_json(const Paper *paper, const VerdictSubject *subject, const HostlerFindings *findings)
{
	static const char *const members[] = { "vm", "host", "dump", "vm" };
	g_autoptr(JsonBuilder) builder = json_builder_new_immutable();

	json_builder_begin_object(builder);
	json_add_text(builder, members[subject->kind], subject->name);
	json_add_text(builder, "uuid", subject->uuid);
	json_add_text(builder, "verdict", verdicts[verdict_status(findings)].name);
	add_list(builder, "plan", subject, findings, TRUE);
	add_list(builder, "findings", subject, findings, FALSE);
	json_builder_end_object(builder);
	paper_print_json(paper, builder);
}
