/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings, for a person, for a pipe, and as JSON. */
#include "verdict.h"

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
	const char *sentence;
	Ink ink;
} verdicts[] = {
	[EXIT_FINE] = { "fine", "nothing stands against a start", INK_GREEN },
	[EXIT_ADVICE] = { "advice", "it would start, but", INK_YELLOW },
	[EXIT_REFUSED] = { "refuse", "it would not be started", INK_RED },
};

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

/* A block each. */
static void print_block(const Paper *paper, const HostlerFinding *finding)
{
	g_autofree char *text = paper_text(finding->text);
	g_autofree char *mend = paper_text(finding->mend);

	fputs("  ", paper->out);
	paper_print(paper, severities[finding->severity].ink, COLUMN, severities[finding->severity].name);
	fprintf(paper->out, "%s\n", text);
	if (finding->mend != NULL)
		fprintf(paper->out, "  %-*s%s\n", COLUMN, "mend", mend);
}

/* A line each. */
static void print_line(const Paper *paper, const char *vm, const HostlerFinding *finding)
{
	g_autofree char *text = paper_text(finding->text);
	g_autofree char *mend = paper_text(finding->mend);

	fprintf(paper->out, "%s: %s: %s%s%s\n", vm, severities[finding->severity].name, text,
		finding->mend != NULL ? "; " : "", mend);
}

void verdict_print(const Paper *paper, const char *vm, const HostlerFindings *findings)
{
	g_autofree char *shown = paper_text(vm);
	int status = verdict_status(findings);

	if (paper->terminal) {
		paper_print(paper, INK_BOLD, 0, shown);
		fputs(": ", paper->out);
		paper_print(paper, verdicts[status].ink, 0, verdicts[status].sentence);
		fputs("\n", paper->out);
	} else if (findings->items->len == 0) {
		fprintf(paper->out, "%s: %s\n", shown, verdicts[status].name);
	}
	for (guint i = 0; i < findings->items->len; i++) {
		const HostlerFinding *finding = g_ptr_array_index(findings->items, i);

		if (paper->terminal)
			print_block(paper, finding);
		else
			print_line(paper, shown, finding);
	}
}

static void add_finding(JsonBuilder *builder, const HostlerFinding *finding)
{
	json_builder_begin_object(builder);
	json_add_text(builder, "severity", severities[finding->severity].name);
	json_add_text(builder, "code", hostler_error_code_name(finding->code));
	json_add_text(builder, "subject", finding->subject);
	json_add_text(builder, "text", finding->text);
	json_add_text(builder, "mend", finding->mend);
	json_builder_end_object(builder);
}

void verdict_print_json(const Paper *paper, const char *vm, const char *uuid, const HostlerFindings *findings)
{
	g_autoptr(JsonBuilder) builder = json_builder_new_immutable();

	json_builder_begin_object(builder);
	json_add_text(builder, "vm", vm);
	json_add_text(builder, "uuid", uuid);
	json_add_text(builder, "verdict", verdicts[verdict_status(findings)].name);
	json_begin_array(builder, "findings");
	for (guint i = 0; i < findings->items->len; i++)
		add_finding(builder, g_ptr_array_index(findings->items, i));
	json_builder_end_array(builder);
	json_builder_end_object(builder);
	paper_print_json(paper, builder);
}
