/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processes there are, and what they are called. Their name is read from
 * comm: cmdline waits for the memory of a process, for ever if it is stuck. */
#include "host/users/process.h"

#include <errno.h>
#include <unistd.h>

#include "hostler/text.h"
#include "host/file.h"
#include "host/machine.h"

#define COMM_MAX_BYTES 64

char *process_path(HostlerHost *host, int pid, const char *rest)
{
	char number[16];

	g_snprintf(number, sizeof(number), "%d", pid);
	return machine_path(host, "/proc", number, rest, NULL);
}

char *process_name(HostlerHost *host, int pid)
{
	g_autofree char *path = process_path(host, pid, "comm");
	g_autofree char *name = file_read_line(path, COMM_MAX_BYTES);

	if (name != NULL)
		return hostler_text_shown(name);
	return errno == ENOENT || errno == ESRCH ? NULL : g_strdup("a program");
}

static int compare_pids(gconstpointer a, gconstpointer b)
{
	return *(const int *)a - *(const int *)b;
}

GArray *processes_list(HostlerHost *host, GError **error)
{
	g_autofree char *path = machine_path(host, "/proc", NULL);
	g_autoptr(GPtrArray) names = folder_names(path);
	GArray *pids;

	if (names == NULL) {
		machine_error(error, errno, "cannot list %s", path);
		return NULL;
	}
	pids = g_array_new(FALSE, FALSE, sizeof(int));
	for (guint i = 0; i < names->len; i++) {
		guint64 pid;

		if (!g_ascii_string_to_unsigned(g_ptr_array_index(names, i), 10, 1, G_MAXINT, &pid, NULL) ||
		    pid == (guint64)getpid())
			continue;
		g_array_append_val(pids, (int){ (int)pid });
	}
	g_array_sort(pids, compare_pids);
	return pids;
}
