/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cgroup.h"

#include <string.h>

/* Where systemd is, libvirt's own are below one called so. */
static const char *const inner[] = { "/emulator", "/libvirt" };

static gboolean is_a_vms(const char *path)
{
	const char *name = strrchr(path, '/');

	return name != NULL && (g_str_has_prefix(name, "/machine-qemu") || g_str_has_prefix(name, "/qemu-"));
}

/* libvirtd's own cgroup would count all that libvirtd does: it is no VM's. */
char *metrics_cgroup_of(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (gsize i = 0; lines[i] != NULL; i++) {
		g_autofree char *path = NULL;

		if (!g_str_has_prefix(lines[i], "0::/"))
			continue;
		path = g_strdup(lines[i] + strlen("0::"));
		for (gsize j = 0; j < G_N_ELEMENTS(inner); j++) {
			if (g_str_has_suffix(path, inner[j]))
				path[strlen(path) - strlen(inner[j])] = '\0';
		}
		return is_a_vms(path) && strstr(path, "/../") == NULL ? g_steal_pointer(&path) : NULL;
	}
	return NULL;
}
