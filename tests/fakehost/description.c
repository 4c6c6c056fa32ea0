/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the description to the machine that is played. */
#include <string.h>

#include "hostler/error.h"
#include "hostler/text.h"
#include "model.h"

static gboolean load_device(FakeHost *fake, GKeyFile *file, const char *group, const char *bdf, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);
	FakeDevice *device;

	if (!hostler_text_is_bdf(bdf)) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS, "[%s]: no PCI address", group);
		return FALSE;
	}
	device = fake_device_new(bdf);
	for (gsize i = 0; keys[i] != NULL; i++) {
		g_autofree char *value = g_key_file_get_string(file, group, keys[i], NULL);

		fake_device_set(device, keys[i], value);
	}
	fake_device_finish(device);
	g_ptr_array_add(fake->devices, device);
	return TRUE;
}

static void load_driver(FakeHost *fake, GKeyFile *file, const char *group, const char *name)
{
	FakeDriver *driver = fake_driver_add(fake, name);

	if (g_key_file_has_key(file, group, "present", NULL))
		driver->present = g_key_file_get_boolean(file, group, "present", NULL);
	if (g_key_file_has_key(file, group, "loadable", NULL))
		driver->loadable = g_key_file_get_boolean(file, group, "loadable", NULL);
	driver->needs_device = g_key_file_get_boolean(file, group, "needs_device", NULL);
	driver->holders = g_key_file_get_string(file, group, "holders", NULL);
	if (!g_key_file_has_key(file, group, "module", NULL))
		return;
	g_free(driver->module);
	driver->module = g_key_file_get_string(file, group, "module", NULL);
	if (g_str_equal(driver->module, "-"))
		g_clear_pointer(&driver->module, g_free);
}

/* The drivers that devices speak of are there, unless said otherwise; a device
 * on vfio-pci means that vfio-pci is loaded. */
static void add_drivers_of(FakeHost *fake, const FakeDevice *device)
{
	const char *driver = fake_device_get(device, "driver");
	const char *native = fake_device_get(device, "native");
	const char *variant = fake_device_get(device, "vfio_module");

	if (*driver != '\0')
		fake_driver_add(fake, driver)->present = TRUE;
	if (*native != '\0')
		fake_driver_add(fake, native);
	if (fake_driver_of(fake, variant) == NULL)
		fake_driver_add(fake, variant);
}

static void load_display(FakeHost *fake, GKeyFile *file)
{
	g_auto(GStrv) facts = g_key_file_get_keys(file, "display", NULL, NULL);

	for (gsize i = 0; facts[i] != NULL; i++) {
		g_autofree char *value = g_key_file_get_string(file, "display", facts[i], NULL);

		fake_display_set(fake, facts[i], value);
	}
}

static void load_process(FakeHost *fake, GKeyFile *file, const char *group, const char *pid)
{
	guint64 start = g_key_file_get_uint64(file, group, "start", NULL);

	fake_process_add(fake, (int)g_ascii_strtoll(pid, NULL, 10), start != 0 ? start : 1000);
}

static void load_caller(FakeHost *fake, GKeyFile *file)
{
	int pid = g_key_file_get_integer(file, "caller", "pid", NULL);

	fake->host.caller.pid = pid != 0 ? pid : 100;
	if (!fake->host.ops->process_find(&fake->host, fake->host.caller.pid, &fake->host.caller))
		fake->host.caller = fake_process_add(fake, fake->host.caller.pid, 1000)->process;
}

static void load_bridge(FakeHost *fake, GKeyFile *file, const char *group, const char *bridge)
{
	g_autofree char *leases = g_key_file_get_value(file, group, "leases", NULL);
	g_autofree char *neighbours = g_key_file_get_value(file, group, "neighbours", NULL);

	if (leases != NULL)
		fakehost_leases_set(&fake->host, bridge, leases);
	if (neighbours != NULL)
		fakehost_neighbours_set(&fake->host, bridge, neighbours);
}

static void add_network(FakeHost *fake, GKeyFile *file, const char *group)
{
	char *xml = g_key_file_get_value(file, group, "xml", NULL);

	if (xml != NULL)
		g_ptr_array_add(fake->networks, xml);
}

static gboolean load_group(FakeHost *fake, GKeyFile *file, const char *group, GError **error)
{
	const char *name = strchr(group, ' ') != NULL ? strchr(group, ' ') + 1 : "";

	if (g_str_has_prefix(group, "device "))
		return load_device(fake, file, group, name, error);
	if (g_str_has_prefix(group, "driver "))
		load_driver(fake, file, group, name);
	else if (g_str_has_prefix(group, "process "))
		load_process(fake, file, group, name);
	else if (g_str_has_prefix(group, "bridge "))
		load_bridge(fake, file, group, name);
	else if (g_str_equal(group, "sockets"))
		fake->listeners = g_key_file_get_string_list(file, group, "listen", NULL, NULL);
	else if (g_str_equal(group, "config"))
		fake->host.config.forward_loopback = g_key_file_get_boolean(file, group, "loopback", NULL);
	else if (g_str_has_prefix(group, "network "))
		add_network(fake, file, group);
	else if (g_str_has_prefix(group, "image "))
		fake_storage_add(fake, file, group, name);
	else if (g_str_has_prefix(group, "interface ") || g_str_equal(group, "kernel"))
		fake_text_add(fake, file, group);
	else if (g_str_equal(group, "display"))
		load_display(fake, file);
	else if (!g_str_equal(group, "caller")) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS, "[%s] is no part of a host", group);
		return FALSE;
	}
	return TRUE;
}

static int compare_devices(gconstpointer a, gconstpointer b)
{
	const FakeDevice *x = *(const FakeDevice *const *)a;
	const FakeDevice *y = *(const FakeDevice *const *)b;

	return strcmp(x->bdf, y->bdf);
}

gboolean fake_model_load(FakeHost *fake, const char *description, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_auto(GStrv) groups = NULL;

	if (!g_key_file_load_from_data(file, description, strlen(description), G_KEY_FILE_NONE, error))
		return FALSE;
	groups = g_key_file_get_groups(file, NULL);
	for (gsize i = 0; groups[i] != NULL; i++) {
		if (!load_group(fake, file, groups[i], error))
			return FALSE;
	}
	g_ptr_array_sort(fake->devices, compare_devices);
	fake_driver_add(fake, "vfio-pci");
	for (guint i = 0; i < fake->devices->len; i++)
		add_drivers_of(fake, g_ptr_array_index(fake->devices, i));
	load_caller(fake, file);
	return TRUE;
}
