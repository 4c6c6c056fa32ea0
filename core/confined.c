/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether SELinux or AppArmor keeps us from what we are there for. */
#include "core/confined.h"

#include <errno.h>
#include <string.h>

typedef struct {
	const char *name;
	const char *command; /* shows what was denied */
	const char *place;   /* to allow it */
} Module;

static const Module apparmor = { "AppArmor", "journalctl -k --grep=DENIED",
				 "/etc/apparmor.d/local is where to allow it" };
static const Module selinux = { "SELinux", "ausearch -m avc -ts recent", "'man hostler-hooks' how to allow it" };

static gboolean was_denied(const GError *error)
{
	return strstr(error->message, g_strerror(EACCES)) != NULL || strstr(error->message, g_strerror(EPERM)) != NULL;
}

/* "hostler (enforce)" by AppArmor, "system_u:system_r:virtqemud_t:s0" by SELinux. */
static char *read_label(HostlerHost *host)
{
	char *label = host->ops->kernel_text(host, "/proc/self/attr/current");

	return label != NULL ? label : g_strdup("");
}

static gboolean selinux_enforces(HostlerHost *host)
{
	g_autofree char *text = host->ops->kernel_text(host, "/sys/fs/selinux/enforce");

	return g_strcmp0(text, "1") == 0;
}

/* Domains that SELinux's policies leave alone are called so. */
static gboolean is_selinux_context(const char *label)
{
	return strchr(label, ':') != NULL && strstr(label, "unconfined") == NULL;
}

/* Whoever is only watched is confined by none. */
static const Module *find_module(HostlerHost *host, const char *label)
{
	if (g_str_has_suffix(label, " (enforce)"))
		return &apparmor;
	return selinux_enforces(host) && is_selinux_context(label) ? &selinux : NULL;
}

void hostler_confined_explain(HostlerHost *host, GError **error)
{
	g_autofree char *label = NULL;
	g_autofree char *message = NULL;
	const Module *module;

	if (!was_denied(*error))
		return;
	label = read_label(host);
	module = find_module(host, label);
	if (module == NULL)
		return;
	message = g_steal_pointer(&(*error)->message);
	(*error)->message = g_strdup_printf("%s; %s confines this hook as '%s': '%s' tells what it may not do, %s",
					    message, module->name, label, module->command, module->place);
}
