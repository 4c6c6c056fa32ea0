/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The display manager, by a program of ours that speaks D-Bus with systemd:
 * hooks load no library for it. */
#include "host/display.h"

#include <string.h>
#include <sys/wait.h>

#include "hostler-build.h"
#include "hostler/display-program.h"
#include "hostler/error.h"
#include "hostler/text.h"
#include "host/child.h"
#include "host/machine.h"
#include "host/program.h"

#define PROGRAM HOSTLER_HELPER_DIR "/hostler-display"
#define ASK_SECONDS 5
#define SWITCH_MAX_SECONDS 100
/* The program gives up first, so that it can say why. */
#define GRACE_SECONDS 1
#define ANSWER_MAX_CHARACTERS 300

static HostlerErrorCode code_of(int status)
{
	if (!WIFEXITED(status))
		return HOSTLER_ERROR_HOST;
	if (WEXITSTATUS(status) == HOSTLER_DISPLAY_STOPPING)
		return HOSTLER_ERROR_STOPPING;
	return WEXITSTATUS(status) == HOSTLER_DISPLAY_TIME_OVER ? HOSTLER_ERROR_DEADLINE : HOSTLER_ERROR_HOST;
}

/* What the program says goes on to people: it is one line, and of systemd's making. */
static void set_failed(GError **error, int status, const char *answer)
{
	g_autofree char *how = child_describe_end(status);
	g_autofree char *shown = hostler_text_line(answer, ANSWER_MAX_CHARACTERS);

	if (*shown != '\0')
		g_set_error(error, HOSTLER_ERROR, code_of(status), "%s", shown);
	else
		g_set_error(error, HOSTLER_ERROR, code_of(status), "%s %s", PROGRAM, how);
}

/* The program's one line when all went well. */
static char *ask(HostlerHost *host, gint64 seconds, const char *verb, const char *unit, GError **error)
{
	gint64 left = hostler_host_time_left(host) / G_USEC_PER_SEC - GRACE_SECONDS;
	g_autofree char *program = machine_path(host, PROGRAM, NULL);
	g_autofree char *bound = g_strdup_printf("%" G_GINT64_FORMAT, CLAMP(left, 1, seconds));
	const char *argv[] = { program, bound, verb, unit, NULL };
	g_autofree char *answer = NULL;
	g_autoptr(GError) local = NULL;
	int status = 0;

	/* Late is only what systemd itself said to have begun. */
	if (!program_run(host, argv, (seconds + GRACE_SECONDS) * G_USEC_PER_SEC, &answer, &status, &local)) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "%s", local->message);
		return NULL;
	}
	if (status == 0)
		return g_steal_pointer(&answer);
	set_failed(error, status, answer);
	return NULL;
}

/* It came from systemd, lay in a record, and goes into messages and an argv. */
static gboolean is_unit(const char *name)
{
	return g_str_has_suffix(name, ".service") && strlen(name) < 256 && name[0] != '-' && name[0] != '.' &&
	       name[strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS ":-_.\\@")] == '\0';
}

char *host_display_manager(HostlerHost *host, GError **error)
{
	g_autofree char *unit = ask(host, ASK_SECONDS, "which", NULL, error);

	if (unit == NULL || is_unit(unit))
		return g_steal_pointer(&unit);
	if (*unit != '\0')
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "systemd gives display-manager.service a name "
			    "that no unit has");
	return NULL;
}

gboolean host_display_manager_switch(HostlerHost *host, const char *unit, gboolean on, GError **error)
{
	g_autofree char *answer = NULL;

	if (!is_unit(unit)) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS, "no name of a unit: %s", unit);
		return FALSE;
	}
	answer = ask(host, SWITCH_MAX_SECONDS, on ? "start" : "stop", unit, error);
	return answer != NULL;
}
