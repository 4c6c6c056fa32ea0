/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations of case files. */
#include "play.h"

#include <string.h>

#include "core/apply.h"
#include "core/lifecycle.h"
#include "core/reset.h"
#include "fakehost.h"
#include "hostler/error.h"
#include "hostler/event.h"
#include "hostler/plugin.h"
#include "hostler/text.h"
#include "look.h"
#include "messages.h"
#include "plugins/reset/suspend.h"
#include "quirks.h"

Play *play_open(const Case *test_case)
{
	g_autoptr(GError) error = NULL;
	Play *play = g_new0(Play, 1);

	play->test_case = test_case;
	play->told = g_string_new(NULL);
	play->host = fakehost_new(test_case->host, &error);
	if (play->host == NULL)
		g_error("%s: %s", test_case->path, error->message);
	for (guint i = 0; i < test_case->quirks->len; i++)
		quirks_put(play->host, g_ptr_array_index(test_case->quirks, i));
	messages_to(play->host);
	return play;
}

void play_free(Play *play)
{
	messages_to(NULL);
	hostler_host_free(play->host);
	g_string_free(play->told, TRUE);
	g_free(play);
}

/* --- telling --- */

/* A temporary folder is nobody's expectation. */
static char *with_usual_paths(Play *play, const char *text)
{
	g_autoptr(GString) usual = g_string_new(text);
	g_autofree char *config = g_path_get_dirname(play->host->config_file);

	g_string_replace(usual, play->host->quirks_dir, "/usr/share/hostler/quirks", 0);
	g_string_replace(usual, play->host->run_dir, "/run/hostler", 0);
	g_string_replace(usual, play->host->log_dir, "/var/log/hostler", 0);
	g_string_replace(usual, config, "/etc/hostler", 0);
	return g_strdup(usual->str);
}

/* What the run did, indented below what came of it; what it logged in the words
 * of its refusal is said already. */
static void tell_transcript(Play *play, const char *said)
{
	g_auto(GStrv) lines = g_strsplit(fakehost_transcript(play->host), "\n", -1);

	for (gsize i = 0; lines[i] != NULL; i++) {
		g_autofree char *line = with_usual_paths(play, lines[i]);

		if (*line != '\0' && !(*said != '\0' && g_str_has_suffix(line, said)))
			g_string_append_printf(play->told, "  %s\n", line);
	}
	fakehost_transcript_clear(play->host);
}

static void tell(Play *play, const char *operation, const char *outcome, const char *said)
{
	g_autofree char *words = with_usual_paths(play, said);

	if (fakehost_run_died(play->host)) {
		play->outcome = PLAY_KILLED;
		play->killed = TRUE;
		g_string_append_printf(play->told, "%s: killed\n", operation);
	} else {
		g_string_append_printf(play->told, "%s: %s%s%s\n", operation, outcome, *words != '\0' ? ": " : "",
				       words);
	}
	tell_transcript(play, words);
}

/* --- calls of ours --- */

/* libvirt's step depends on the operation: either is tried. */
static HostlerOperation find_operation(const char *name)
{
	static const char *const steps[] = { "begin", "end" };
	HostlerOperation operation = HOSTLER_OP_UNKNOWN;

	for (gsize i = 0; operation == HOSTLER_OP_UNKNOWN && i < G_N_ELEMENTS(steps); i++) {
		const char *argv[] = { "hook", "vm", name, steps[i], "-", NULL };
		HostlerEvent event;

		if (hostler_event_from_argv(&event, 5, (char **)argv))
			operation = event.operation;
	}
	return operation;
}

static void settle(Play *play, const char *line)
{
	fakehost_begin(play->host);
	hostler_lifecycle_settle(play->host, HOSTLER_SETTLE_IN_FULL);
	tell(play, line, "done", "");
	fakehost_settle_asked(play->host); /* it would wait for the clock, which is the case's to set */
}

static void settle_by_hand(Play *play, const char *line)
{
	play->outcome = PLAY_OK;
	settle(play, line);
}

/* What a hook had no time for. */
static void settle_if_asked(Play *play)
{
	if (fakehost_settle_asked(play->host))
		settle(play, "asked to settle");
}

static void call_hook(Play *play, const char *line, HostlerOperation operation, const CaseDomain *domain)
{
	HostlerEvent event = { .object = domain->domain->name, .operation = operation, .reason = "-" };
	g_autoptr(GError) error = NULL;

	fakehost_begin(play->host);
	play->outcome = hostler_lifecycle_run(play->host, &event, domain->xml, strlen(domain->xml), &error) ?
				PLAY_OK :
				PLAY_REFUSED;
	tell(play, line, play->outcome == PLAY_OK ? "ok" : "refused", error != NULL ? error->message : "");
	settle_if_asked(play);
}

static void check(Play *play, const char *line, const CaseDomain *domain)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();

	fakehost_begin(play->host);
	hostler_lifecycle_check(play->host, domain->domain, findings);
	look_at_findings(play->host, findings);
	tell(play, line, "done", "");
}

static void look(Play *play, const char *line, const CaseDomain *domain,
		 void (*at)(HostlerHost *host, const HostlerDomain *domain))
{
	fakehost_begin(play->host);
	at(play->host, domain->domain);
	tell(play, line, "done", "");
}

/* `hostler reset VM`, with --suspend as its last rung. */
static void reset(Play *play, const char *line, const CaseDomain *domain, gboolean suspend)
{
	g_autoptr(HostlerDomain) copy = hostler_domain_from_xml(domain->xml, strlen(domain->xml), NULL);
	g_autoptr(GPtrArray) said = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	gboolean sound;

	fakehost_begin(play->host);
	sound = (!suspend || reset_suspend_allowed(play->host, copy->uuid, &error)) &&
		hostler_lifecycle_reset(play->host, copy, suspend ? reset_by_suspend : NULL, said, &error);
	for (guint i = 0; i < said->len; i++)
		fakehost_note(play->host, "said: %s", (const char *)g_ptr_array_index(said, i));
	tell(play, line, sound ? "ok" : "refused", error != NULL ? error->message : "");
	settle_if_asked(play);
}

static void tell_status_line(gpointer data, const HostlerRecord *of, const char *section, const char *key,
			     const char *text)
{
	g_autofree char *vm = hostler_text_shown(of != NULL ? of->name : NULL);

	fakehost_note(data, "%s: %s: %s%s%s%s", section, key, text, of != NULL ? " (VM '" : "", vm,
		      of != NULL ? "')" : "");
}

static void status(Play *play, const char *line)
{
	const HostlerSink sink = { .line = tell_status_line, .data = play->host };
	const HostlerPlugin *const *plugins = hostler_plugins();

	fakehost_begin(play->host);
	for (guint i = 0; plugins[i] != NULL; i++) {
		if (plugins[i]->status != NULL)
			plugins[i]->status(play->host, &sink);
	}
	tell(play, line, "done", "");
}

/* --- what others do --- */

static void libvirt_notes(Play *play, const CaseDomain *domain)
{
	g_autofree char *note = g_strdup_printf("<domstatus state='running'>\n%s\n</domstatus>\n", domain->xml);

	fakehost_vm_xml_set(play->host, domain->domain->uuid, note);
}

static void qemu_starts(Play *play, const CaseDomain *domain)
{
	g_autoptr(GPtrArray) bdfs = g_ptr_array_new();

	for (guint i = 0; i < domain->domain->devices->len; i++)
		g_ptr_array_add(bdfs, ((const HostlerPciDevice *)g_ptr_array_index(domain->domain->devices, i))->bdf);
	g_ptr_array_add(bdfs, NULL);
	fakehost_qemu_start(play->host, domain->domain->name, (const char *const *)bdfs->pdata);
	libvirt_notes(play, domain);
}

static void qemu_dies(Play *play, const CaseDomain *domain)
{
	fakehost_qemu_end(play->host, domain->domain->name);
	fakehost_vm_xml_set(play->host, domain->domain->uuid, NULL);
}

static void set_fact(Play *play, const char *line, const char *rest)
{
	g_auto(GStrv) words = g_strsplit(rest, " ", 2);
	g_auto(GStrv) parts = g_strsplit(words[0] != NULL && words[1] != NULL ? words[1] : "", "=", 2);

	if (g_strv_length(parts) != 2)
		g_error("%s: not 'set BDF FACT=VALUE': %s", play->test_case->path, line);
	fakehost_set(play->host, words[0], parts[0], parts[1]);
}

static void meanwhile(Play *play, const char *line)
{
	g_string_append_printf(play->told, "(%s)\n", line);
}

static void let_go(Play *play, const char *line, const char *bdf)
{
	if (fakehost_let_go(play->host, bdf))
		settle_by_hand(play, line); /* as a child does that comes back late */
	else if (play->swept)
		meanwhile(play, line);
	else
		g_error("%s: nothing hangs there: %s", play->test_case->path, line);
}

static void fault(Play *play, const char *rest)
{
	g_auto(GStrv) words = g_strsplit(rest, " ", 3);
	g_autoptr(GError) error = NULL;

	if (g_strv_length(words) == 3 && g_str_equal(words[0], "at"))
		fakehost_fault_at(play->host, (guint)g_ascii_strtoull(words[1], NULL, 10), words[2]);
	else if (!fakehost_fault(play->host, rest, &error))
		g_error("%s: %s", play->test_case->path, error->message);
}

/* --- lines --- */

/* What follows `words`, which may be a label or nothing; NULL: another line. */
static const char *after(const char *line, const char *words)
{
	if (!g_str_has_prefix(line, words))
		return NULL;
	line += strlen(words);
	return *line == '\0' ? line : *line == ' ' ? line + 1 : NULL;
}

static const CaseDomain *domain_of(Play *play, const char *line, const char *label)
{
	const CaseDomain *domain = case_domain(play->test_case, label);

	if (domain == NULL)
		g_error("%s: no domain for: %s", play->test_case->path, line);
	return domain;
}

static void apply(Play *play, const char *line, const CaseDomain *domain)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	g_autoptr(GError) error = NULL;
	gboolean applied;

	fakehost_begin(play->host);
	applied = hostler_apply(play->host, domain->domain, findings, &error);
	tell(play, line, applied ? "done" : "not done", error != NULL ? error->message : "");
}

static gboolean play_ours(Play *play, const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 2);
	HostlerOperation operation = find_operation(words[0]);
	const char *label = words[1] != NULL ? words[1] : "";
	const char *rest;

	if (operation != HOSTLER_OP_UNKNOWN)
		call_hook(play, line, operation, domain_of(play, line, label));
	else if (g_str_equal(line, "settle"))
		settle_by_hand(play, line);
	else if (g_str_equal(line, "status"))
		status(play, line);
	else if ((rest = after(line, "check")) != NULL)
		check(play, line, domain_of(play, line, rest));
	else if ((rest = after(line, "advise")) != NULL)
		look(play, line, domain_of(play, line, rest), look_for_advice);
	else if ((rest = after(line, "stay")) != NULL)
		look(play, line, domain_of(play, line, rest), look_at_stay);
	else if ((rest = after(line, "reset suspend")) != NULL)
		reset(play, line, domain_of(play, line, rest), TRUE);
	else if ((rest = after(line, "reset")) != NULL)
		reset(play, line, domain_of(play, line, rest), FALSE);
	else if ((rest = after(line, "apply")) != NULL)
		apply(play, line, domain_of(play, line, rest));
	else if ((rest = after(line, "let go")) != NULL)
		let_go(play, line, rest);
	else
		return FALSE;
	return TRUE;
}

static void play_others(Play *play, const char *line)
{
	const char *rest;

	meanwhile(play, line);
	if ((rest = after(line, "qemu starts")) != NULL)
		qemu_starts(play, domain_of(play, line, rest));
	else if ((rest = after(line, "qemu dies")) != NULL)
		qemu_dies(play, domain_of(play, line, rest));
	else if ((rest = after(line, "libvirt notes")) != NULL)
		libvirt_notes(play, domain_of(play, line, rest));
	else if ((rest = after(line, "unload")) != NULL)
		fakehost_driver_end(play->host, rest);
	else if (g_str_equal(line, "libvirtd dies"))
		fakehost_caller_end(play->host);
	else if (g_str_equal(line, "libvirtd restarts"))
		fakehost_caller_start(play->host);
	else if ((rest = after(line, "clock")) != NULL)
		fakehost_clock(play->host, g_ascii_strtoll(rest, NULL, 10));
	else if ((rest = after(line, "fault")) != NULL)
		fault(play, rest);
	else if (g_str_equal(line, "no more faults"))
		fakehost_faults_forget(play->host);
	else if ((rest = after(line, "set")) != NULL)
		set_fact(play, line, rest);
	else if ((rest = after(line, "pull")) != NULL)
		fakehost_pull(play->host, rest);
	else if ((rest = after(line, "plug")) != NULL)
		fakehost_plug(play->host, rest);
	else
		g_error("%s: no operation: %s", play->test_case->path, line);
}

void play_operation(Play *play, const char *operation)
{
	if (!play_ours(play, operation))
		play_others(play, operation);
}

void play_all(Play *play)
{
	for (gsize i = 0; play->test_case->operations[i] != NULL; i++)
		play_operation(play, play->test_case->operations[i]);
}

void play_until_killed(Play *play)
{
	for (gsize i = 0; play->test_case->operations[i] != NULL && !play->killed; i++)
		play_operation(play, play->test_case->operations[i]);
}
