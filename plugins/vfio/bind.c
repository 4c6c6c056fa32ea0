/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moves a device by driver_override alone: new_id is global and would catch
 * other devices with the same ids. What the kernel answers to a write is not
 * believed; the driver is read back. */
#include "plugins/vfio/bind.h"

#include "hostler/error.h"

/* How an unset driver_override reads, and what unsets it: an empty write would be dropped. */
#define UNSET_WRITE "\n"

#define NVIDIA "nvidia"

gboolean vfio_set_override(HostlerHost *host, const char *bdf, const char *driver, GError **error)
{
	gboolean unset = driver == NULL || g_str_equal(driver, VFIO_OVERRIDE_UNSET) || *driver == '\0';

	return host->ops->pci_write(host, bdf, "driver_override", unset ? UNSET_WRITE : driver, error);
}

/* NULL in `driver` is no driver; a driver that cannot be read is an error. */
static gboolean read_driver(HostlerHost *host, const char *bdf, char **driver, GError **error)
{
	g_autoptr(GError) local = NULL;

	*driver = host->ops->pci_link(host, bdf, "driver", &local);
	if (local == NULL)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&local));
	return FALSE;
}

static gboolean unbind(HostlerHost *host, const char *bdf, const char *driver, GError **error)
{
	return driver == NULL || host->ops->pci_write(host, bdf, "driver/unbind", bdf, error);
}

static void set_not_moved(GError **error, const char *bdf, const char *from, const char *to, const char *now,
			  const GError *refused)
{
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BIND,
		    "%s did not go from %s to %s but is on %s%s%s; the kernel's reason: dmesg | grep %s", bdf,
		    from != NULL ? from : "no driver", to != NULL ? to : "no driver", now != NULL ? now : "no driver",
		    refused != NULL ? ": " : "", refused != NULL ? refused->message : "", bdf);
}

/* --- a driver that never lets go while it has clients --- */

static gboolean may_leave(HostlerHost *host, const char *bdf, const char *driver, GError **error)
{
	g_autoptr(GError) busy = NULL;
	g_auto(GStrv) users = NULL;
	g_autofree char *all = NULL;

	if (g_strcmp0(driver, NVIDIA) != 0 || host->ops->gpu_unbind_lock(host, bdf, &busy))
		return TRUE;
	users = host->ops->pci_users(host, bdf, HOSTLER_USE_NEEDED, NULL);
	all = users != NULL ? g_strjoinv(", ", users) : NULL;
	if (all != NULL && *all != '\0')
		g_prefix_error(&busy, "%s: ", all);
	g_propagate_error(error, g_steal_pointer(&busy));
	return FALSE;
}

/* It stays with the driver after all, or a run of ours that was killed had got so far. */
static void stay_with(HostlerHost *host, const char *bdf, const char *driver)
{
	if (g_strcmp0(driver, NVIDIA) == 0)
		host->ops->gpu_unbind_unlock(host, bdf);
}

/* --- */

/* Success is the driver that is there afterwards, whatever the writes said. */
gboolean vfio_bind(HostlerHost *host, const char *bdf, const char *driver, GError **error)
{
	g_autoptr(GError) refused = NULL;
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;

	if (!read_driver(host, bdf, &before, error))
		return FALSE;
	if (g_strcmp0(before, driver) == 0) {
		stay_with(host, bdf, driver);
		return TRUE;
	}
	if (!may_leave(host, bdf, before, error))
		return FALSE;
	if (vfio_set_override(host, bdf, driver, &refused) && unbind(host, bdf, before, &refused))
		host->ops->pci_probe(host, bdf, &refused);
	if (!read_driver(host, bdf, &after, error))
		return FALSE;
	if (g_strcmp0(after, driver) == 0)
		return TRUE;
	stay_with(host, bdf, after);
	set_not_moved(error, bdf, before, driver, after, refused);
	return FALSE;
}

gboolean vfio_unbind(HostlerHost *host, const char *bdf, GError **error)
{
	g_autoptr(GError) refused = NULL;
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;

	if (!read_driver(host, bdf, &before, error) || !may_leave(host, bdf, before, error))
		return FALSE;
	unbind(host, bdf, before, &refused);
	if (!read_driver(host, bdf, &after, error))
		return FALSE;
	if (after == NULL)
		return TRUE;
	stay_with(host, bdf, after);
	set_not_moved(error, bdf, before, NULL, after, refused);
	return FALSE;
}
