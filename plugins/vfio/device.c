/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what a device is and how the host has it. */
#include "plugins/vfio/device.h"

#include <string.h>

#include "hostler/error.h"
#include "hostler/look.h"
#include "plugins/vfio/display.h"

static const char *const found_attributes[] = { "driver_override", "reset_method", "power/control",
						 "d3cold_allowed" };
static const char *const identity_attributes[] = { "vendor", "device", "subsystem_vendor", "subsystem_device",
						    "class" };

/* An attribute that this kernel or this device does not have is no fault; but
 * every PCI device has a driver_override, and one that is just being pulled out
 * must not be recorded as found without. */
static gboolean read_attribute(HostlerHost *host, const char *bdf, GKeyFile *answer, const char *group,
			       const char *attribute, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autofree char *value = host->ops->pci_read(host, bdf, attribute, &local);

	if (value != NULL)
		g_key_file_set_string(answer, group, attribute, value);
	else if (!g_error_matches(local, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT) ||
		 g_str_equal(attribute, "driver_override")) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	return TRUE;
}

static gboolean read_link(HostlerHost *host, const char *bdf, GKeyFile *answer, const char *group, const char *link,
			  GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autofree char *value = host->ops->pci_link(host, bdf, link, &local);

	if (value != NULL)
		g_key_file_set_string(answer, group, link, value);
	if (local == NULL)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&local));
	return FALSE;
}

/* The module that the driver comes back with, should it be unloaded meanwhile. */
static void read_module(HostlerHost *host, GKeyFile *answer)
{
	g_autofree char *driver = g_key_file_get_string(answer, VFIO_FOUND, "driver", NULL);
	g_autofree char *module = driver != NULL ? host->ops->driver_module(host, driver) : NULL;

	if (module != NULL)
		g_key_file_set_string(answer, VFIO_FOUND, "module", module);
}

static gboolean read_driver(HostlerHost *host, const char *bdf, GKeyFile *answer, GError **error)
{
	g_autoptr(GError) local = NULL;
	gboolean on_vfio;

	if (!read_link(host, bdf, answer, VFIO_FOUND, "driver", error))
		return FALSE;
	read_module(host, answer);
	on_vfio = host->ops->pci_on_vfio(host, bdf, &local);
	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	g_key_file_set_boolean(answer, VFIO_NOW, "on_vfio", on_vfio);
	return TRUE;
}

static gboolean read_each(HostlerHost *host, const char *bdf, GKeyFile *answer, const char *group,
			  const char *const *attributes, gsize n, GError **error)
{
	for (gsize i = 0; i < n; i++) {
		if (!read_attribute(host, bdf, answer, group, attributes[i], error))
			return FALSE;
	}
	return TRUE;
}

/* What a job is to find out besides, as its data. */
typedef struct {
	gboolean asks_users;
	HostlerUse use;
	const HostlerDomain *domain; /* for which all plugins look; or NULL */
} Question;

static const Question who_needs = { .asks_users = TRUE, .use = HOSTLER_USE_NEEDED };
static const Question who_stirs = { .asks_users = TRUE, .use = HOSTLER_USE_ANY };
static const Question nobody = { .asks_users = FALSE };

static gboolean read_users(HostlerHost *host, const HostlerJob *job, GKeyFile *answer, GError **error)
{
	const Question *asked = job->data;
	g_auto(GStrv) users = NULL;

	if (!asked->asks_users)
		return TRUE;
	users = host->ops->pci_users(host, job->bdf, asked->use, error);
	if (users == NULL)
		return FALSE;
	if (users[0] != NULL)
		g_key_file_set_string_list(answer, VFIO_NOW, "users", (const char *const *)users,
					   g_strv_length(users));
	return TRUE;
}

static void look(HostlerHost *host, const HostlerJob *job, GKeyFile *answer)
{
	const Question *asked = job->data;

	if (asked->domain != NULL)
		hostler_look(host, asked->domain, job->bdf, answer);
}

static gboolean read_facts(HostlerHost *host, const HostlerJob *job, GKeyFile *answer, GError **error)
{
	const char *bdf = job->bdf;

	return read_each(host, bdf, answer, HOSTLER_CLAIM_IDENTITY, identity_attributes,
			 G_N_ELEMENTS(identity_attributes), error) &&
	       read_driver(host, bdf, answer, error) &&
	       read_each(host, bdf, answer, VFIO_FOUND, found_attributes, G_N_ELEMENTS(found_attributes), error) &&
	       read_link(host, bdf, answer, VFIO_NOW, "iommu_group", error) &&
	       read_attribute(host, bdf, answer, VFIO_NOW, "enable", error) &&
	       read_users(host, job, answer, error) &&
	       vfio_display_read(host, bdf, answer, error);
}

static gboolean read_device(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	if (!read_facts(host, job, answer, error))
		return FALSE;
	look(host, job, answer);
	return TRUE;
}

static gboolean read_only_users(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	return read_users(host, job, answer, error);
}

static VfioDevices *make_jobs(const GPtrArray *bdfs)
{
	VfioDevices *devices = g_new0(VfioDevices, 1);

	devices->n = bdfs->len;
	devices->jobs = g_new0(HostlerJob, bdfs->len);
	for (guint i = 0; i < bdfs->len; i++) {
		devices->jobs[i].bdf = g_ptr_array_index(bdfs, i);
		devices->jobs[i].data = (gpointer)&who_needs;
	}
	return devices;
}

VfioDevices *vfio_devices_read(HostlerHost *host, const GPtrArray *bdfs, guint n_listed,
			       const HostlerDomain *domain)
{
	VfioDevices *devices = make_jobs(bdfs);
	Question listed = who_needs;

	listed.domain = domain;
	for (guint i = 0; i < bdfs->len; i++) {
		const Question *other = domain != NULL ? &who_stirs : &nobody;

		devices->jobs[i].data = (gpointer)(domain != NULL && i < n_listed ? &listed : other);
	}
	host->ops->run_jobs(host, devices->jobs, devices->n, read_device);
	for (guint i = 0; domain != NULL && i < n_listed; i++)
		hostler_look_keep(host, &devices->jobs[i]);
	return devices;
}

VfioDevices *vfio_devices_read_users(HostlerHost *host, const GPtrArray *bdfs)
{
	VfioDevices *devices = make_jobs(bdfs);

	host->ops->run_jobs(host, devices->jobs, devices->n, read_only_users);
	return devices;
}

void vfio_devices_free(VfioDevices *devices)
{
	hostler_jobs_clear(devices->jobs, devices->n);
	g_free(devices->jobs);
	g_free(devices);
}

char *vfio_device_fact(const HostlerJob *device, const char *group, const char *key)
{
	return g_key_file_get_string(device->answer, group, key, NULL);
}

gboolean vfio_device_is_on_vfio(const HostlerJob *device)
{
	return g_key_file_get_boolean(device->answer, VFIO_NOW, "on_vfio", NULL);
}

/* Class 0x0604 is a PCI bridge: a port between the device and the root is in its
 * group, and vfio-pci neither takes it nor minds it. */
gboolean vfio_device_is_bridge(const HostlerJob *device)
{
	g_autofree char *class = vfio_device_fact(device, HOSTLER_CLAIM_IDENTITY, "class");

	return class != NULL && g_str_has_prefix(class, "0x0604");
}

/* ISA bridges, system peripherals, memory controllers, processors, SMBus: what a
 * chipset has beside a sound card or a disk controller in one slot. */
gboolean vfio_device_is_of_chipset(const HostlerJob *device)
{
	static const char *const classes[] = { "0x05", "0x06", "0x08", "0x0b", "0x0c05" };
	g_autofree char *class = vfio_device_fact(device, HOSTLER_CLAIM_IDENTITY, "class");

	for (gsize i = 0; class != NULL && i < G_N_ELEMENTS(classes); i++) {
		if (g_str_has_prefix(class, classes[i]))
			return TRUE;
	}
	return FALSE;
}

gboolean vfio_device_is_in_hosts_hands(const HostlerJob *device)
{
	g_autofree char *driver = vfio_device_fact(device, VFIO_FOUND, "driver");

	return driver != NULL && !vfio_device_is_on_vfio(device) && !g_str_equal(driver, "pci-stub") &&
	       !vfio_device_is_bridge(device);
}

gboolean vfio_same_slot(const char *bdf, const char *other)
{
	return strncmp(bdf, other, strlen("0000:01:00.")) == 0;
}
