/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handing a device to its VM and returning it as it was found. */
#include "plugins/vfio/hand.h"

#include "hostler/error.h"
#include "plugins/vfio/bind.h"
#include "plugins/vfio/choose.h"
#include "plugins/vfio/device.h"

static char *found(const HostlerRecord *claim, const char *key)
{
	return g_key_file_get_string(claim->body, VFIO_FOUND, key, NULL);
}

/* Whatever of that kind has the device already keeps it, as with libvirt: whoever
 * bound it so before us chose. */
gboolean vfio_hand_over(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_autofree char *driver = NULL;
	g_autoptr(GError) local = NULL;
	gboolean done = host->ops->pci_on_vfio(host, job->bdf, &local);

	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	if (done)
		return TRUE;
	driver = vfio_choose_driver(host, job->bdf, error);
	return driver != NULL && vfio_bind(host, job->bdf, driver, error);
}

/* FALSE: it is in use, or that cannot be told. */
static gboolean require_closed(HostlerHost *host, const char *bdf, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autofree char *enable = NULL;

	if (!host->ops->pci_on_vfio(host, bdf, &local)) {
		if (local == NULL)
			return TRUE;
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	enable = host->ops->pci_read(host, bdf, "enable", error);
	if (enable == NULL || g_str_equal(enable, "0"))
		return enable != NULL;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BUSY,
		    "%s is still open through vfio-pci; see by whom: fuser -v /dev/vfio/*", bdf);
	return FALSE;
}

/* A driver that was unloaded while the VM had the device comes back with its module. */
static gboolean require_driver(HostlerHost *host, const HostlerRecord *claim, const char *driver, GError **error)
{
	g_autofree char *module = found(claim, "module");
	g_autoptr(GError) local = NULL;

	if (module == NULL || host->ops->driver_present(host, driver) ||
	    host->ops->module_load(host, module, &local))
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_MODULE,
		    "%s cannot go back to its driver %s: the module %s is gone and does not load (%s); modprobe %s; "
		    "hostler settle", claim->key, driver, module, local->message, module);
	return FALSE;
}

static gboolean return_to(HostlerHost *host, const HostlerRecord *claim, const char *driver, GError **error)
{
	return driver == NULL ? vfio_unbind(host, claim->key, error) :
				require_driver(host, claim, driver, error) &&
					vfio_bind(host, claim->key, driver, error);
}

/* Read back, like the driver: the claim goes when all is as it was, and with it
 * whoever knew. `order` is what is written for it to read `then`. */
static gboolean return_attribute(HostlerHost *host, const HostlerRecord *claim, const char *attribute,
				 const char *then, const char *order, GError **error)
{
	g_autofree char *before = host->ops->pci_read(host, claim->key, attribute, error);
	g_autofree char *now = NULL;

	if (before == NULL || g_str_equal(before, then))
		return before != NULL;
	if (!host->ops->pci_write(host, claim->key, attribute, order, error))
		return FALSE;
	now = host->ops->pci_read(host, claim->key, attribute, error);
	if (now == NULL || g_str_equal(now, then))
		return now != NULL;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BIND,
		    "%s of %s is still '%s', it was '%s' when the VM took it; try again: hostler settle", attribute,
		    claim->key, now, then);
	return FALSE;
}

/* A stray one keeps every other driver away. */
static gboolean return_override(HostlerHost *host, const HostlerRecord *claim, GError **error)
{
	g_autofree char *then = found(claim, "driver_override");
	gboolean unset = then == NULL || g_str_equal(then, VFIO_OVERRIDE_UNSET);

	return return_attribute(host, claim, "driver_override", unset ? VFIO_OVERRIDE_UNSET : then, unset ? "" : then,
				error);
}

static gboolean return_power(HostlerHost *host, const HostlerRecord *claim, GError **error)
{
	g_autofree char *control = found(claim, "power/control");
	g_autofree char *d3cold = found(claim, "d3cold_allowed");

	return (control == NULL || return_attribute(host, claim, "power/control", control, control, error)) &&
	       (d3cold == NULL || return_attribute(host, claim, "d3cold_allowed", d3cold, d3cold, error));
}

/* The driver by name, since probing by id might find another one that also
 * knows the device; the override as it was, last: a crash between the two
 * leaves the claim, and the next settle finishes. */
static gboolean return_driver(HostlerHost *host, const HostlerRecord *claim, GError **error)
{
	g_autofree char *driver = found(claim, "driver");

	return return_to(host, claim, driver, error) && return_override(host, claim, error);
}

static gboolean write_methods(HostlerHost *host, const HostlerRecord *claim, const char *then, GError **error)
{
	g_autofree char *now = NULL;

	if (!host->ops->pci_write(host, claim->key, "reset_method", then, error))
		return FALSE;
	now = host->ops->pci_read(host, claim->key, "reset_method", NULL);
	if (now == NULL || g_str_equal(now, then))
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BIND,
		    "the kernel took '%s' and still says '%s'; echo '%s' > /sys/bus/pci/devices/%s/reset_method",
		    then, now, then, claim->key);
	return FALSE;
}

/* The kernel forgets methods when it probes a device anew, so a refusal here is
 * worth a word but not a device. */
static void return_methods(HostlerHost *host, const HostlerRecord *claim, GKeyFile *answer)
{
	g_autofree char *then = found(claim, "reset_method");
	g_autofree char *now = host->ops->pci_read(host, claim->key, "reset_method", NULL);
	g_autoptr(GError) error = NULL;

	/* Once more, for it may have been about the moment. That it cannot be read is no
	 * reason to leave it: the ladder of resets changes it. */
	if (then == NULL || g_strcmp0(then, now) == 0 ||
	    write_methods(host, claim, then, NULL) || write_methods(host, claim, then, &error))
		return;
	g_key_file_set_string(answer, "left", "reset_method", error->message);
}

gboolean vfio_give_back(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	const HostlerRecord *claim = job->data;

	if (!require_closed(host, job->bdf, error) || !hostler_claim_matches(host, claim, error) ||
	    !return_driver(host, claim, error))
		return FALSE;
	return_methods(host, claim, answer);
	return return_power(host, claim, error);
}
