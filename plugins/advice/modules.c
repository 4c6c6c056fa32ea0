/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the running kernel can have vfio-pci at all. */
#include <string.h>

#include "plugins/advice/advice.h"

static gboolean is_listed(HostlerHost *host, const char *release, const char *list)
{
	g_autofree char *path = g_strdup_printf("/lib/modules/%s/%s", release, list);
	g_autofree char *text = host->ops->kernel_text(host, path);

	return text != NULL && strstr(text, "/vfio-pci.ko") != NULL;
}

void advice_modules(HostlerHost *host, HostlerFindings *findings)
{
	g_autofree char *release = host->ops->kernel_text(host, "/proc/sys/kernel/osrelease");

	if (host->ops->driver_present(host, "vfio-pci") || release == NULL || strchr(release, '/') != NULL ||
	    is_listed(host, release, "modules.dep") || is_listed(host, release, "modules.builtin"))
		return;
	hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_VFIO_MODULE, NULL,
			     "reboot, if the kernel was upgraded since the host was booted; else install all of its "
			     "modules: apt install linux-image-$(uname -r), on Ubuntu linux-modules-extra-$(uname "
			     "-r)",
			     "the module vfio-pci is neither loaded nor below /lib/modules/%s, and no VM gets a PCI "
			     "device without it", release);
}
