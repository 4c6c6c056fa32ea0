/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler: shows and repairs. It is no front end, and nothing needs it to run. */
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "hostler-build.h"
#include "hostler/error.h"
#include "hostler/log.h"
#include "hostler/text.h"

typedef struct {
	const char *name;
	gboolean takes_subject; /* a VM, or one of the files instead; or nothing */
	const char *usage;      /* of what it takes */
	int (*run)(HostlerHost *host, const Request *request, GError **error);
} Command;

static const Command commands[] = {
	{ "check", TRUE, " [VM|--xml FILE|--dump FILE]", command_check },
	{ "groups", FALSE, "", command_groups },
	{ "status", FALSE, "", command_status },
	{ "settle", FALSE, "", command_settle },
	{ "report", TRUE, " [VM] [--csv] [--logs FOLDER]", command_report },
};

static const char *const command_names[] = { "check", "groups", "status", "settle", "report", NULL };

static const char summary[] =
	"Commands:\n"
	"  check [VM]         what a start of the VM would find; --xml FILE instead of VM: of\n"
	"                     libvirt's domain XML in FILE (-: stdin); --dump FILE: what the\n"
	"                     devices in the output of lspci -xxxx are; with none of them:\n"
	"                     what this host is fit for. Changes nothing. Exit status: 0\n"
	"                     fine, 1 advice, 2 the start would be refused\n"
	"  groups             the IOMMU groups: each device with its driver and the kernel's\n"
	"                     reset methods, what goes along with it into a VM, and who\n"
	"                     uses it. Exit status 1: there is no IOMMU\n"
	"  status             VM by VM what is on record: state, devices, ports, metrics;\n"
	"                     and whether hooks and helpers are in place\n"
	"  report [VM]        what the logs tell: the VM's last run and how it went over time,\n"
	"                     and all VMs by the kind of their storage and network\n"
	"  settle             make the host match the records: what no live VM owns goes back\n"
	"\n"
	"Exit status 3: it could not be done, and stderr says why.";

typedef struct {
	Request request;
	gboolean show_version;
	char *xml_file;
	char *dump_file;
	char *logs;
	GStrv words;
} Line;

static void line_clear(Line *line)
{
	g_free(line->xml_file);
	g_free(line->dump_file);
	g_free(line->logs);
	g_strfreev(line->words);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Line, line_clear)

/* Names are bytes to us, whatever the locale is. */
static gboolean parse(Line *line, int argc, char **argv, GError **error)
{
	const GOptionEntry entries[] = {
		{ "json", 0, 0, G_OPTION_ARG_NONE, &line->request.json, "Print JSON", NULL },
		{ "xml", 0, 0, G_OPTION_ARG_FILENAME, &line->xml_file, "check: read the VM from FILE", "FILE" },
		{ "dump", 0, 0, G_OPTION_ARG_FILENAME, &line->dump_file, "check: explain lspci's dump in FILE",
		  "FILE" },
		{ "csv", 0, 0, G_OPTION_ARG_NONE, &line->request.csv, "report: print CSV, a line for each figure",
		  NULL },
		{ "logs", 0, 0, G_OPTION_ARG_FILENAME, &line->logs, "report: read the logs in FOLDER", "FOLDER" },
		{ "wait", 0, 0, G_OPTION_ARG_NONE, &line->request.wait,
		  "settle: and again when libvirt's half minute for a release is over", NULL },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &line->show_version, "Show the version", NULL },
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &line->words, NULL, NULL },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};
	g_autoptr(GOptionContext) context = g_option_context_new("COMMAND");

	g_option_context_set_summary(context, summary);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, error))
		return FALSE;
	line->request.xml_file = line->xml_file;
	line->request.dump_file = line->dump_file;
	line->request.logs = line->logs;
	return TRUE;
}

static const Command *find_command(const char *name, GError **error)
{
	g_autofree char *shown = hostler_text_shown(name);
	const char *nearest;

	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (g_str_equal(commands[i].name, name))
			return &commands[i];
	}
	nearest = hostler_text_nearest(name, command_names);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS, "there is no command '%s'%s%s%s; see: hostler --help",
		    shown, nearest != NULL ? ", perhaps '" : "", nearest != NULL ? nearest : "",
		    nearest != NULL ? "'" : "");
	return NULL;
}

/* Each command with just what it takes. */
static gboolean check_words(Line *line, const Command *command, GError **error)
{
	guint n = g_strv_length(line->words) - 1;
	guint files = (line->xml_file != NULL) + (line->dump_file != NULL);

	if (n + files == 0)
		return TRUE;
	if (command->takes_subject && n + files == 1 && (files == 0 || command->run == command_check)) {
		line->request.vm = line->words[1]; /* NULL after the last */
		return TRUE;
	}
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS, "usage: hostler %s%s [--json]", command->name,
		    command->usage);
	return FALSE;
}

static const Command *understand(Line *line, GError **error)
{
	const Command *command;

	if (line->words == NULL) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS,
			    "which command: check, groups, status, settle or report? See: hostler --help");
		return NULL;
	}
	command = find_command(line->words[0], error);
	return command != NULL && check_words(line, command, error) ? command : NULL;
}

static int run(const Command *command, Request *request, GError **error)
{
	g_autoptr(HostlerHost) host = NULL;
	g_autoptr(GError) config_error = NULL;

	if (geteuid() != 0 && request->dump_file == NULL && command->run != command_report) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS,
			    "devices and records are root's alone to read; mend: sudo hostler %s", command->name);
		return EXIT_COULD_NOT;
	}
	host = hostler_host_open();
	hostler_config_load(&host->config, host->config_file, &config_error);
	host->deadline = host->ops->monotonic(host) + host->config.hook_deadline * G_USEC_PER_SEC;
	request->config_error = config_error;
	return command->run(host, request, error);
}

int main(int argc, char **argv)
{
	g_auto(Line) line = { 0 };
	g_autoptr(GError) error = NULL;
	const Command *command = NULL;
	int status = EXIT_COULD_NOT;

	setlocale(LC_CTYPE, "");
	hostler_log_open("hostler", HOSTLER_LOG_STDERR);
	if (parse(&line, argc, argv, &error)) {
		if (line.show_version) {
			puts("hostler " HOSTLER_VERSION);
			return EXIT_FINE;
		}
		command = understand(&line, &error);
	}
	if (command != NULL)
		status = run(command, &line.request, &error);
	if (error != NULL) {
		g_autofree char *text = hostler_text_line(error->message, 2000);

		fprintf(stderr, "hostler: %s\n", text);
	}
	return status;
}
