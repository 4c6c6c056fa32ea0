/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which driver is to hand a device to a VM. */
#include "plugins/vfio/choose.h"

#include "hostler/error.h"

char *vfio_choose_driver(HostlerHost *host, const char *bdf, GError **error)
{
	g_autofree char *module = host->ops->pci_vfio_module(host, bdf, error);
	g_autoptr(GError) local = NULL;
	char *driver;

	if (module == NULL)
		return NULL;
	if (g_str_equal(module, "vfio_pci"))
		return g_strdup("vfio-pci");
	driver = host->ops->module_driver(host, module);
	if (driver == NULL && host->ops->module_load(host, module, &local))
		driver = host->ops->module_driver(host, module);
	if (driver == NULL)
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_MODULE,
			    "%s wants the driver of module %s (modules.alias), which is not to be had: %s; see why: "
			    "modprobe -v %s", bdf, module, local != NULL ? local->message : "it has no PCI driver",
			    module);
	return driver;
}
