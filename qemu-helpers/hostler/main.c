/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler: shows and repairs. It is no front end, and nothing needs it to run. */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "hostler-build.h"
#include "hostler/error.h"
#include "hostler/log.h"
#include "hostler/text.h"

/* What a command may be given besides --json; the first three are its subject, of
 * which there is one at most. */
typedef enum {
	TAKES_VM = 1 << 0,
	TAKES_XML = 1 << 1,
	TAKES_DUMP = 1 << 2,
	TAKES_BUNDLE = 1 << 3,
	TAKES_CSV = 1 << 4,
	TAKES_LOGS = 1 << 5,
	TAKES_WAIT = 1 << 6,
	TAKES_SUSPEND = 1 << 7,
} Takes;

typedef struct {
	const char *name;
	guint takes; /* Takes */
	gboolean needs_subject;
	const char *usage; /* of what it takes */
	int (*run)(HostlerHost *host, const Request *request, GError **error);
} Command;

static const Command commands[] = {
	{ "apply", TAKES_VM | TAKES_XML, TRUE, " VM|--xml FILE", command_apply },
	{ "check", TAKES_VM | TAKES_XML | TAKES_DUMP, FALSE, " [VM|--xml FILE|--dump FILE]", command_check },
	{ "groups", 0, FALSE, "", command_groups },
	{ "status", TAKES_BUNDLE, FALSE, " [--bundle FILE]", command_status },
	{ "report", TAKES_VM | TAKES_CSV | TAKES_LOGS, FALSE, " [VM] [--csv] [--logs FOLDER]", command_report },
	{ "settle", TAKES_WAIT, FALSE, " [--wait]", command_settle },
	{ "reset", TAKES_VM | TAKES_XML | TAKES_SUSPEND, TRUE, " VM|--xml FILE [--suspend]", command_reset },
};

static const char *const command_names[] = { "apply", "check", "groups", "status", "report", "settle", "reset",
					     NULL };

static const char summary[] =
	"Commands:\n"
	"  apply VM           what the metadata of a running VM says now holds from now on:\n"
	"                     ports and metrics, without a restart; --xml FILE instead of VM:\n"
	"                     of its live XML in FILE (-: stdin). Exit status: 0 done, 2 refused,\n"
	"                     and all is as it was\n"
	"  check [VM]         what a start of the VM would find; --xml FILE instead of VM: of\n"
	"                     libvirt's domain XML in FILE (-: stdin); --dump FILE: what the\n"
	"                     devices in the output of lspci -xxxx are; with none of them:\n"
	"                     what this host is fit for. Changes nothing. Exit status: 0\n"
	"                     fine, 1 advice, 2 the start would be refused\n"
	"  groups             the IOMMU groups: each device with its driver and the kernel's\n"
	"                     reset methods, what goes along with it into a VM, and who\n"
	"                     uses it. Exit status 1: there is no IOMMU\n"
	"  status             VM by VM what is on record: state, devices, ports, metrics;\n"
	"                     and whether hooks and helpers are in place; --bundle FILE: the\n"
	"                     evidence for a report, without names, into a new FILE\n"
	"  report [VM]        what the logs tell: the VM's last run and how it went over time,\n"
	"                     and all VMs by the kind of their storage and network\n"
	"  settle             make the host match the records: what no live VM owns goes back\n"
	"  reset VM           reset the devices of a VM that does not run; --suspend: by\n"
	"                     suspending the whole host for 10 s, when nothing else helps. Exit\n"
	"                     status 2: refused, or not sound\n"
	"\n"
	"Exit status 3: it could not be done, and stderr says why.";

typedef struct {
	Request request;
	gboolean show_version;
	char *xml_file;
	char *dump_file;
	char *bundle_file;
	char *logs;
	char *again; /* what was typed, to be typed again */
	GStrv words;
} Line;

static void line_clear(Line *line)
{
	g_free(line->xml_file);
	g_free(line->dump_file);
	g_free(line->bundle_file);
	g_free(line->logs);
	g_free(line->again);
	g_strfreev(line->words);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Line, line_clear)

/* As a shell takes it. */
static char *name_again(char **argv)
{
	g_autoptr(GString) text = g_string_new("hostler");

	for (guint i = 1; argv[i] != NULL; i++) {
		gsize plain = strspn(argv[i], G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-/");
		g_autofree char *quoted = argv[i][0] != '\0' && argv[i][plain] == '\0' ? g_strdup(argv[i]) :
											 g_shell_quote(argv[i]);

		g_string_append_printf(text, " %s", quoted);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Names are bytes to us, whatever the locale is. */
static gboolean parse(Line *line, int argc, char **argv, GError **error)
{
	const GOptionEntry entries[] = {
		{ "json", 0, 0, G_OPTION_ARG_NONE, &line->request.json, "Print JSON", NULL },
		{ "xml", 0, 0, G_OPTION_ARG_FILENAME, &line->xml_file, "apply, check, reset: read the VM from FILE",
		  "FILE" },
		{ "dump", 0, 0, G_OPTION_ARG_FILENAME, &line->dump_file, "check: explain lspci's dump in FILE",
		  "FILE" },
		{ "bundle", 0, 0, G_OPTION_ARG_FILENAME, &line->bundle_file,
		  "status: collect the evidence for a report in FILE, which is not there yet; -: stdout", "FILE" },
		{ "csv", 0, 0, G_OPTION_ARG_NONE, &line->request.csv, "report: print CSV, a line for each figure",
		  NULL },
		{ "logs", 0, 0, G_OPTION_ARG_FILENAME, &line->logs, "report: read the logs in FOLDER", "FOLDER" },
		{ "suspend", 0, 0, G_OPTION_ARG_NONE, &line->request.suspend,
		  "reset: suspend the whole host to RAM, woken by its clock", NULL },
		{ "wait", 0, 0, G_OPTION_ARG_NONE, &line->request.wait,
		  "settle: and again when libvirt's half minute for a release is over", NULL },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &line->show_version, "Show the version", NULL },
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &line->words, NULL, NULL },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};
	g_autoptr(GOptionContext) context = g_option_context_new("COMMAND");
	g_autoptr(GError) wrong = NULL;

	line->again = name_again(argv);
	g_option_context_set_summary(context, summary);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &wrong)) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS, "%s; see: hostler --help", wrong->message);
		return FALSE;
	}
	line->request.xml_file = line->xml_file;
	line->request.dump_file = line->dump_file;
	line->request.bundle_file = line->bundle_file;
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
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS,
		    "there is no command '%s'%s%s%s; see: hostler --help", shown,
		    nearest != NULL ? ", perhaps '" : "", nearest != NULL ? nearest : "", nearest != NULL ? "'" : "");
	return NULL;
}

static guint what_is_given(const Line *line)
{
	return (line->words[1] != NULL ? TAKES_VM : 0) | (line->xml_file != NULL ? TAKES_XML : 0) |
	       (line->dump_file != NULL ? TAKES_DUMP : 0) | (line->bundle_file != NULL ? TAKES_BUNDLE : 0) |
	       (line->request.csv ? TAKES_CSV : 0) | (line->logs != NULL ? TAKES_LOGS : 0) |
	       (line->request.wait ? TAKES_WAIT : 0) | (line->request.suspend ? TAKES_SUSPEND : 0);
}

/* Each command with just what it takes. */
static gboolean check_words(Line *line, const Command *command, GError **error)
{
	guint subjects = g_strv_length(line->words) - 1 + (line->xml_file != NULL) + (line->dump_file != NULL);

	if (line->request.csv && line->request.json) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS,
			    "a report is printed in one form: give --csv or --json, not both");
		return FALSE;
	}
	if ((what_is_given(line) & ~command->takes) == 0 && subjects <= 1 &&
	    (subjects == 1 || !command->needs_subject)) {
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
			    "which command: apply, check, groups, status, report, settle or reset? "
			    "See: hostler --help");
		return NULL;
	}
	command = find_command(line->words[0], error);
	return command != NULL && check_words(line, command, error) ? command : NULL;
}

static int run(const Command *command, Line *line, GError **error)
{
	Request *request = &line->request;
	g_autoptr(HostlerHost) host = NULL;
	g_autoptr(GError) config_error = NULL;

	if (geteuid() != 0 && request->dump_file == NULL && command->run != command_report) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS,
			    "devices and records are root's alone to read; mend: sudo %s", line->again);
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
		status = run(command, &line, &error);
	if (error != NULL) {
		g_autofree char *text = hostler_text_line(error->message, 2000);

		fprintf(stderr, "hostler: %s\n", text);
	}
	return status;
}
