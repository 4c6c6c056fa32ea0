/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's own notes on what runs. Names of VMs and networks are anybody's
 * text: files are found by listing their folder, no path is made of a name. */
#include "host/libvirt.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "host/file.h"
#include "host/machine.h"
#include "host/proc.h"

#define QEMU "/run/libvirt/qemu"
#define NETWORKS "/run/libvirt/network"

#define PID_FILE_MAX_BYTES 32
#define NETWORK_MAX_BYTES (8 * 1024 * 1024) /* libvirt's RPC carries 4 MiB of it at most */

static gboolean read_pid(int folder, const char *file, guint64 *pid)
{
	g_autofree char *text = file_read(folder, file, PID_FILE_MAX_BYTES, NULL);

	return text != NULL && g_ascii_string_to_unsigned(g_strchomp(text), 10, 1, G_MAXINT, pid, NULL);
}

gboolean host_qemu_find(HostlerHost *host, const char *name, HostlerProcess *process)
{
	g_autofree char *path = machine_path(host, QEMU, NULL);
	g_autofree char *wanted = g_strconcat(name, ".pid", NULL);
	DIR *folder = opendir(path);
	struct dirent *entry;
	gboolean found = FALSE;
	guint64 pid = 0;

	if (folder == NULL)
		return FALSE;
	while (!found && (entry = readdir(folder)) != NULL)
		found = g_str_equal(entry->d_name, wanted) && read_pid(dirfd(folder), entry->d_name, &pid);
	closedir(folder);
	return found && host_process_find(host, (int)pid, process);
}

GPtrArray *host_network_xmls(HostlerHost *host)
{
	g_autofree char *path = machine_path(host, NETWORKS, NULL);
	g_autoptr(GPtrArray) names = folder_names(path);
	GPtrArray *xmls = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *file = g_build_filename(path, name, NULL);
		char *xml = NULL;

		if (g_str_has_suffix(name, ".xml"))
			xml = file_read(AT_FDCWD, file, NETWORK_MAX_BYTES, NULL);
		if (xml != NULL)
			g_ptr_array_add(xmls, xml);
	}
	return xmls;
}
