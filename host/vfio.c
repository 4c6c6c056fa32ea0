/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which driver hands a device to VMs: vfio-pci, or a variant that knows this
 * very device and can do more with it (migrate it, for one). Modules that are
 * meant to be chosen for it, and never on their own, have an alias of their own
 * kind, "vfio_pci:" before what is otherwise a PCI alias (Linux 5.16,
 * drivers/vfio/pci). Of all that fit the one with the fewest wildcards is taken,
 * as by libvirt since 10.0 (src/util/virpci.c, virPCIDeviceFindBestVFIOVariant):
 * we bind before libvirt does, and it should find what it would have done. */
#include "host/vfio.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "host/file.h"
#include "host/machine.h"
#include "host/modules.h"

#define VFIO_MODULE "vfio_pci"
#define ALIAS_START "alias vfio_pci:"
#define DEVICE_START "pci:"
#define ALIASES_MAX_BYTES (16 * 1024 * 1024) /* Debian 12: 1.3 MB */

/* One word of each alias, in their order: vendor, device, both of the subsystem,
 * base class, sub-class, interface. */
static const char *const names[] = { "v", "d", "sv", "sd", "bc", "sc", "i" };

typedef struct {
	struct {
		const char *at;
		gsize length;
	} fields[G_N_ELEMENTS(names)];
} Alias;

static gsize span(const char *text, const char *end)
{
	const char *at = text;

	while (at < end && (*at == '*' || g_ascii_isxdigit(*at)) && !g_ascii_islower(*at))
		at++;
	return (gsize)(at - text);
}

/* Behind the alias; NULL: it is none. */
static const char *parse_alias(const char *text, const char *end, Alias *alias)
{
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		gsize length = strlen(names[i]);

		if ((gsize)(end - text) < length || memcmp(text, names[i], length) != 0)
			return NULL;
		text += length;
		alias->fields[i].at = text;
		alias->fields[i].length = span(text, end);
		text += alias->fields[i].length;
		if (alias->fields[i].at == text)
			return NULL;
	}
	return text;
}

/* How many of its fields fit any device; -1: it does not fit this one. */
static int count_wildcards(const Alias *alias, const Alias *device)
{
	int n = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		gsize length = alias->fields[i].length;

		if (length == 1 && *alias->fields[i].at == '*')
			n++;
		else if (length != device->fields[i].length ||
			 memcmp(alias->fields[i].at, device->fields[i].at, length) != 0)
			return -1;
	}
	return n;
}

/* The module in the rest of an alias's line: a blank and its name; NULL: no such thing. */
static char *read_module(const char *text, const char *end)
{
	const char *line_end = memchr(text, '\n', (gsize)(end - text));
	gsize length = (gsize)((line_end != NULL ? line_end : end) - text);
	g_autofree char *module = NULL;

	if (length < 2 || *text != ' ' || memchr(text, '\0', length) != NULL)
		return NULL;
	module = g_strndup(text + 1, length - 1);
	return module_is_name(module) ? g_steal_pointer(&module) : NULL;
}

/* Looks for the few lines it wants instead of taking every line apart: a hook
 * call has no time for 26,000 of them. */
char *vfio_best_module(const char *aliases, gsize length, const char *modalias)
{
	const char *end = aliases + length;
	g_autofree char *best = NULL;
	int fewest = G_N_ELEMENTS(names) + 1;
	Alias device, alias;

	if (!g_str_has_prefix(modalias, DEVICE_START) ||
	    parse_alias(modalias + strlen(DEVICE_START), modalias + strlen(modalias), &device) == NULL)
		return NULL;
	for (const char *at = aliases;
	     (at = memmem(at, (gsize)(end - at), ALIAS_START, strlen(ALIAS_START))) != NULL;) {
		gboolean is_line = at == aliases || at[-1] == '\n';
		const char *rest;
		int n;

		at += strlen(ALIAS_START);
		rest = is_line ? parse_alias(at, end, &alias) : NULL;
		n = rest != NULL ? count_wildcards(&alias, &device) : -1;
		if (n >= 0 && n < fewest) {
			char *module = read_module(rest, end);

			if (module == NULL)
				continue;
			g_free(best);
			best = module;
			fewest = n;
		}
	}
	return g_steal_pointer(&best);
}

static char *read_aliases(HostlerHost *host, gsize *length)
{
	g_autofree char *path = NULL;
	struct utsname kernel;

	if (uname(&kernel) != 0)
		return NULL;
	path = machine_path(host, "/lib/modules", kernel.release, "modules.alias", NULL);
	return file_read(AT_FDCWD, path, ALIASES_MAX_BYTES, length);
}

char *host_pci_vfio_module(HostlerHost *host, const char *bdf, GError **error)
{
	g_autofree char *modalias = host->ops->pci_read(host, bdf, "modalias", error);
	g_autofree char *aliases = NULL;
	char *module = NULL;
	gsize length;

	if (modalias == NULL)
		return NULL;
	aliases = read_aliases(host, &length);
	if (aliases != NULL)
		module = vfio_best_module(aliases, length, modalias);
	return module != NULL ? module : g_strdup(VFIO_MODULE);
}

/* Since Linux 6.1 whatever driver hands a device out has a folder vfio-dev below
 * it (vfio_register_group_dev()); before that only its name tells. */
gboolean host_pci_on_vfio(HostlerHost *host, const char *bdf, GError **error)
{
	g_autofree char *driver = host->ops->pci_link(host, bdf, "driver", error);
	g_autofree char *path = machine_path(host, "/sys/bus/pci/devices", bdf, "vfio-dev", NULL);
	struct stat stat;

	if (driver == NULL)
		return FALSE;
	if (lstat(path, &stat) == 0 && S_ISDIR(stat.st_mode))
		return TRUE;
	return g_str_has_suffix(driver, "vfio-pci") || g_str_has_suffix(driver, "vfio_pci");
}
