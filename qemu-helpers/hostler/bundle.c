/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Evidence for a report about a device that does not come back clean. */
#include "bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/lifecycle.h"
#include "hostler-build.h"
#include "hostler/error.h"
#include "hostler/text.h"
#include "places.h"

static const char head[] =
	"hostler " HOSTLER_VERSION ": evidence for a report\n"
	"\n"
	"Names of VMs and hosts, MAC and IP addresses, UUIDs, serial numbers, mail addresses and\n"
	"users' paths are left out; VMs are called vm-1, vm-2, ... Look through it all the same.\n"
	"The dumps at the end are explained by: hostler check --dump THIS-FILE\n";

/* --- text --- */

void bundle_title(Bundle *bundle, const char *title)
{
	g_string_append_printf(bundle->text, "\n=== %s ===\n", title);
}

void bundle_line(Bundle *bundle, const char *format, ...)
{
	g_autofree char *line = NULL;
	g_autofree char *shown = NULL;
	va_list arguments;

	va_start(arguments, format);
	line = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	shown = redactor_line(bundle->redactor, line);
	g_string_append_printf(bundle->text, "  %s\n", shown);
}

/* --- what hostler says of the host --- */

static void add_findings(Bundle *bundle, HostlerHost *host)
{
	static const char *const severities[] = { "note", "advice", "refuse" };
	g_autoptr(HostlerFindings) findings = hostler_findings_new();

	bundle_title(bundle, "hostler check");
	bundle_take_time(host);
	hostler_lifecycle_check_host(host, findings);
	for (guint i = 0; i < findings->items->len; i++) {
		const HostlerFinding *finding = g_ptr_array_index(findings->items, i);

		bundle_line(bundle, "%s %s: %s", severities[finding->severity],
			    hostler_error_code_name(finding->code), finding->text);
	}
	if (findings->items->len == 0)
		bundle_line(bundle, "nothing to say");
}

static void take_place(gpointer data, const HostlerRecord *of, const char *section, const char *key, const char *text)
{
	bundle_line(data, "%s %s: %s", section, key, text);
}

static void add_places(Bundle *bundle, HostlerHost *host)
{
	const HostlerSink sink = { .line = take_place, .data = bundle };

	bundle_title(bundle, "hooks and helpers");
	places_show_helpers(host, &sink, places_have_systemd());
	places_show_hooks(&sink, HOSTLER_HOOK_DIR);
}

static void add_versions(Bundle *bundle, const char *const *versions)
{
	bundle_title(bundle, "versions");
	for (gsize i = 0; versions != NULL && versions[i] != NULL; i++)
		bundle_line(bundle, "%s", versions[i]);
}

/* A device that does not answer takes what there is, and it is for such that a bundle is made. */
void bundle_take_time(HostlerHost *host)
{
	host->deadline = host->ops->monotonic(host) + host->config.hook_deadline * G_USEC_PER_SEC;
}

char *bundle_collect(HostlerHost *host, const char *const *versions)
{
	g_autoptr(Redactor) redactor = redactor_new();
	g_autoptr(GPtrArray) uuids = g_ptr_array_new_with_free_func(g_free);
	Bundle bundle = { .text = g_string_new(head), .redactor = redactor, .uuids = uuids };

	bundle_learn(&bundle, host);
	add_versions(&bundle, versions);
	bundle_add_kernel(&bundle, host);
	bundle_add_records(&bundle, host);
	add_findings(&bundle, host);
	add_places(&bundle, host);
	bundle_add_log(&bundle, host);
	bundle_add_devices(&bundle, host);
	return g_string_free(bundle.text, FALSE);
}

/* --- the file --- */

static int write_all(int fd, const char *text, gsize length)
{
	while (length > 0) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		text += n;
		length -= (gsize)n;
	}
	return 0;
}

static gboolean failed(GError **error, const char *file, int errnum)
{
	g_autofree char *shown = hostler_text_shown(file);

	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "cannot write the bundle to %s: %s%s", shown,
		    g_strerror(errnum), errnum == EEXIST ? "; give the name of a file that is not there yet" : "");
	return FALSE;
}

/* Never over what is there, nor through a link that somebody laid. */
gboolean bundle_write(const char *file, const char *text, GError **error)
{
	gboolean is_stdout = g_str_equal(file, "-");
	int fd = is_stdout ? STDOUT_FILENO :
			     open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
	int errnum;

	if (fd < 0)
		return failed(error, file, errno);
	errnum = write_all(fd, text, strlen(text));
	if (!is_stdout && close(fd) < 0 && errnum == 0)
		errnum = errno;
	if (errnum == 0)
		return TRUE;
	if (!is_stdout)
		unlink(file);
	return failed(error, file, errnum);
}
