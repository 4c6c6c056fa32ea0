/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why libvirt shut a VM off, from the log that it keeps of each QEMU: before 10.5
 * it tells its hooks nothing of it (qemu_process.c: qemuProcessStop, qemuLogOperation). */
#include "host/qemu-log.h"

#include <string.h>

#include "host/file.h"
#include "host/machine.h"

#define LOGS "/var/log/libvirt/qemu"
/* QEMU itself writes there, too, between the lines that we look for. */
#define TAIL_BYTES (64 * 1024)

/* "2026-11-23 05:06:31.969+0000: ": what QEMU prints seldom looks like this. */
static const char *skip_time(const char *line)
{
	static const char form[] = "dddd-dd-dd dd:dd:dd.ddd+dddd: ";

	for (gsize i = 0; form[i] != '\0'; i++) {
		if (form[i] == 'd' ? !g_ascii_isdigit(line[i]) : line[i] != form[i])
			return NULL;
	}
	return line + strlen(form);
}

/* libvirt's words for it: virDomainShutoffReason. Not those of one that we do not know. */
static const char *find_reason(const char *text)
{
	static const char *const reasons[] = {
		"unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed",
		"from snapshot", "daemon",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++) {
		if (g_str_equal(text, reasons[i]))
			return reasons[i];
	}
	return NULL;
}

static const char *read_line(const char *line, const char *reason)
{
	static const char shut[] = "shutting down, reason=";
	const char *text = skip_time(line);

	if (text == NULL)
		return reason;
	if (g_str_has_prefix(text, "starting up"))
		return NULL;
	return g_str_has_prefix(text, shut) ? find_reason(text + strlen(shut)) : reason;
}

/* The last one, and only of the last start. */
static const char *read_reason(const char *log)
{
	g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
	const char *reason = NULL;

	for (gsize i = 0; lines[i] != NULL; i++)
		reason = read_line(lines[i], reason);
	return reason;
}

char *host_shutoff_reason(HostlerHost *host, const char *name)
{
	g_autofree char *path = machine_path(host, LOGS, NULL);
	g_autofree char *wanted = g_strconcat(name, ".log", NULL);
	g_autoptr(GPtrArray) names = folder_names(path);
	g_autofree char *file = NULL;
	g_autofree char *log = NULL;

	if (names == NULL || !g_ptr_array_find_with_equal_func(names, wanted, g_str_equal, NULL))
		return NULL;
	file = g_build_filename(path, wanted, NULL);
	log = file_read_end(file, TAIL_BYTES);
	return log != NULL ? g_strdup(read_reason(log)) : NULL;
}
