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
	const HostlerRecord *claim = job->data;
	g_autofree char *driver = g_key_file_get_string(claim->body, VFIO_TAKEN, "driver", NULL);
	g_autoptr(GError) local = NULL;
	gboolean done = host->ops->pci_on_vfio(host, job->bdf, &local);

	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	if (done)
		return TRUE;
	if (driver == NULL)
		driver = vfio_choose_driver(host, job->bdf, error);
	if (driver == NULL)
		return FALSE;
	g_key_file_set_string(answer, VFIO_TAKEN, "driver", driver);
	return vfio_bind(host, job->bdf, driver, error);
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

/* Read back, like the driver: a stray override keeps every other driver away. */
static gboolean return_override(HostlerHost *host, const HostlerRecord *claim, GError **error)
{
	g_autofree char *recorded = found(claim, "driver_override");
	const char *then = recorded != NULL ? recorded : VFIO_OVERRIDE_UNSET;
	g_autofree char *before = host->ops->pci_read(host, claim->key, "driver_override", error);
	g_autofree char *now = NULL;

	if (before == NULL || g_strcmp0(before, then) == 0)
		return before != NULL;
	if (!vfio_set_override(host, claim->key, then, error))
		return FALSE;
	now = host->ops->pci_read(host, claim->key, "driver_override", error);
	if (now == NULL || g_strcmp0(now, then) == 0)
		return now != NULL;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BIND,
		    "the driver_override of %s is still '%s', it was '%s' when the VM took it", claim->key, now, then);
	return FALSE;
}

/* The driver by name, since probing by id might find another one that also
 * knows the device; the override as it was, last: a crash between the two
 * leaves the claim, and the next settle finishes. */
static gboolean return_driver(HostlerHost *host, const HostlerRecord *claim, GError **error)
{
	g_autofree char *driver = found(claim, "driver");

	return return_to(host, claim, driver, error) && return_override(host, claim, error);
}

/* The kernel forgets methods when it probes a device anew, so a refusal here is
 * worth a word but not a device. */
static void return_attribute(HostlerHost *host, const HostlerRecord *claim, GKeyFile *answer, const char *attribute)
{
	g_autofree char *then = found(claim, attribute);
	g_autofree char *now = host->ops->pci_read(host, claim->key, attribute, NULL);
	g_autoptr(GError) error = NULL;

	/* Once more, since the claim goes now and with it whoever knew. */
	if (then == NULL || now == NULL || g_str_equal(then, now) ||
	    host->ops->pci_write(host, claim->key, attribute, then, NULL) ||
	    host->ops->pci_write(host, claim->key, attribute, then, &error))
		return;
	g_key_file_set_string(answer, "left", attribute, error->message);
}

gboolean vfio_give_back(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	static const char *const attributes[] = { "reset_method", "power/control", "d3cold_allowed" };
	const HostlerRecord *claim = job->data;

	if (!require_closed(host, job->bdf, error) || !hostler_claim_matches(host, claim, error) ||
	    !return_driver(host, claim, error))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++)
		return_attribute(host, claim, answer, attributes[i]);
	return TRUE;
}
