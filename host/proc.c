/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a process is still the one it was: /proc/<pid>/stat never waits for the
 * process's memory, as cmdline and maps do. And what the kernel says of itself. */
#include "host/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/klog.h>

#include "host/file.h"
#include "host/machine.h"

#define STAT_MAX_BYTES 4096
#define READ_ALL 3 /* syslog(2): SYSLOG_ACTION_READ_ALL, which no header of glibc names */
#define LINE_MAX_BYTES 4096
#define TEXT_MAX_BYTES (4 * 1024 * 1024) /* /proc/cpuinfo of a thousand processors */

/* Counted from the one behind the command's name, the state (3 in proc(5)). */
#define FIELD_STATE 0
#define FIELD_START 19

gboolean proc_parse_stat(const char *text, HostlerProcess *process)
{
	/* The name is anybody's text, and only it may hold a parenthesis. */
	const char *name_end = strrchr(text, ')');
	g_auto(GStrv) fields = NULL;
	guint64 start, pid;

	if (name_end == NULL || name_end[1] != ' ')
		return FALSE;
	fields = g_strsplit(name_end + 2, " ", FIELD_START + 2);
	if (g_strv_length(fields) <= FIELD_START || strchr("ZXx", fields[FIELD_STATE][0]) != NULL)
		return FALSE;
	if (!g_ascii_string_to_unsigned(fields[FIELD_START], 10, 0, G_MAXUINT64, &start, NULL))
		return FALSE;
	pid = g_ascii_strtoull(text, NULL, 10);
	if (pid == 0 || pid > G_MAXINT)
		return FALSE;
	*process = (HostlerProcess){ .pid = (int)pid, .start = start };
	return TRUE;
}

static char *read_stat(HostlerHost *host, int pid)
{
	g_autofree char *path = NULL;
	char number[16];

	if (pid <= 0)
		return NULL;
	g_snprintf(number, sizeof(number), "%d", pid);
	path = machine_path(host, "/proc", number, "stat", NULL);
	return file_read(AT_FDCWD, path, STAT_MAX_BYTES, NULL);
}

gboolean proc_sleeps(HostlerHost *host, int pid)
{
	g_autofree char *text = read_stat(host, pid);
	HostlerProcess unasked;

	return text != NULL && proc_parse_stat(text, &unasked) && strrchr(text, ')')[2] != 'R';
}

gboolean host_process_find(HostlerHost *host, int pid, HostlerProcess *process)
{
	g_autofree char *text = read_stat(host, pid);
	HostlerProcess found;

	if (text == NULL || !proc_parse_stat(text, &found) || found.pid != pid)
		return FALSE;
	*process = found;
	return TRUE;
}

char *host_kernel_text(HostlerHost *host, const char *path)
{
	g_autofree char *file = machine_path(host, path, NULL);

	return file_read_line(file, TEXT_MAX_BYTES);
}

/* syslog(2) copies the end of the buffer in one call; /dev/kmsg would give it line by
 * line, and a reader who is slow loses some. */
char *host_kernel_log(HostlerHost *host, GError **error)
{
	g_autofree char *text = g_malloc(TEXT_MAX_BYTES + 1);
	int n = klogctl(READ_ALL, text, TEXT_MAX_BYTES);

	if (n < 0) {
		machine_error(error, errno, "cannot read the kernel's log");
		return NULL;
	}
	text[n] = '\0';
	return g_realloc(g_steal_pointer(&text), (gsize)n + 1);
}

/* A name is libvirt's text, and must not lead out of the folder. */
char *host_net_read(HostlerHost *host, const char *name, const char *attribute)
{
	g_autofree char *path = machine_path(host, "/sys/class/net", name, attribute, NULL);

	if (strchr(name, '/') != NULL || name[0] == '.' || *name == '\0')
		return NULL;
	return file_read_line(path, LINE_MAX_BYTES);
}
