/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Binding and returning, by driver_override alone: new_id is global and would
 * catch other devices with the same ids. What the kernel answers to a write is
 * not believed; the driver is read back. */
#include "plugins/vfio/hand.h"

#include "hostler/error.h"
#include "plugins/vfio/device.h"

#define VFIO_PCI "vfio-pci"
/* How an unset driver_override reads, and what unsets it: an empty write would be dropped. */
#define UNSET_READ "(null)"
#define UNSET_WRITE "\n"

static char *found(const HostlerRecord *claim, const char *key)
{
	return g_key_file_get_string(claim->body, VFIO_FOUND, key, NULL);
}

static gboolean set_override(HostlerHost *host, const char *bdf, const char *driver, GError **error)
{
	gboolean unset = driver == NULL || g_str_equal(driver, UNSET_READ) || *driver == '\0';

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

/* Success is the driver that is there afterwards, whatever the writes said. */
static gboolean bind(HostlerHost *host, const char *bdf, const char *driver, GError **error)
{
	g_autoptr(GError) refused = NULL;
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;

	if (!read_driver(host, bdf, &before, error))
		return FALSE;
	if (g_strcmp0(before, driver) == 0)
		return TRUE;
	if (set_override(host, bdf, driver, &refused) && unbind(host, bdf, before, &refused))
		host->ops->pci_probe(host, bdf, &refused);
	if (!read_driver(host, bdf, &after, error))
		return FALSE;
	if (g_strcmp0(after, driver) == 0)
		return TRUE;
	set_not_moved(error, bdf, before, driver, after, refused);
	return FALSE;
}

gboolean vfio_hand_over(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	return bind(host, job->bdf, VFIO_PCI, error);
}

/* FALSE: it is in use, or that cannot be told. */
static gboolean require_closed(HostlerHost *host, const char *bdf, GError **error)
{
	g_autofree char *driver = NULL;
	g_autofree char *enable = NULL;

	if (!read_driver(host, bdf, &driver, error))
		return FALSE;
	if (g_strcmp0(driver, VFIO_PCI) != 0)
		return TRUE;
	enable = host->ops->pci_read(host, bdf, "enable", error);
	if (enable == NULL || g_str_equal(enable, "0"))
		return enable != NULL;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BUSY,
		    "%s is still open through vfio-pci; see by whom: fuser -v /dev/vfio/*", bdf);
	return FALSE;
}

static gboolean leave_without_driver(HostlerHost *host, const char *bdf, GError **error)
{
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;

	if (!read_driver(host, bdf, &before, error) || !unbind(host, bdf, before, error) ||
	    !read_driver(host, bdf, &after, error))
		return FALSE;
	if (after == NULL)
		return TRUE;
	set_not_moved(error, bdf, before, NULL, after, NULL);
	return FALSE;
}

/* Read back, like the driver: a stray override keeps every other driver away. */
static gboolean return_override(HostlerHost *host, const HostlerRecord *claim, GError **error)
{
	g_autofree char *recorded = found(claim, "driver_override");
	const char *then = recorded != NULL ? recorded : UNSET_READ;
	g_autofree char *before = host->ops->pci_read(host, claim->key, "driver_override", error);
	g_autofree char *now = NULL;

	if (before == NULL || g_strcmp0(before, then) == 0)
		return before != NULL;
	if (!set_override(host, claim->key, then, error))
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

	return (driver != NULL ? bind(host, claim->key, driver, error) :
				 leave_without_driver(host, claim->key, error)) &&
	       return_override(host, claim, error);
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
