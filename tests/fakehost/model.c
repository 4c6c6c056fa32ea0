/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine that is played: what it is made of. */
#include "model.h"

#include <string.h>

FakeDriver *fake_driver_find(FakeHost *fake, const char *name)
{
	FakeDriver *driver;

	for (guint i = 0; i < fake->drivers->len; i++) {
		driver = g_ptr_array_index(fake->drivers, i);
		if (g_str_equal(driver->name, name))
			return driver;
	}
	return NULL;
}

FakeDriver *fake_driver_add(FakeHost *fake, const char *name)
{
	FakeDriver *driver = fake_driver_find(fake, name);

	if (driver != NULL)
		return driver;
	driver = g_new0(FakeDriver, 1);
	driver->name = g_strdup(name);
	driver->module = g_strdelimit(g_strdup(name), "-", '_');
	driver->present = !fake_driver_is_vfio(name);
	driver->loadable = TRUE;
	g_ptr_array_add(fake->drivers, driver);
	return driver;
}

FakeDriver *fake_driver_of(FakeHost *fake, const char *module)
{
	g_autofree char *name = g_strdelimit(g_strdup(module), "-", '_');

	for (guint i = 0; i < fake->drivers->len; i++) {
		FakeDriver *driver = g_ptr_array_index(fake->drivers, i);

		if (g_strcmp0(driver->module, name) == 0)
			return driver;
	}
	return NULL;
}

gboolean fake_driver_is_vfio(const char *name)
{
	return g_str_has_suffix(name, "vfio-pci") || g_str_has_suffix(name, "vfio_pci");
}

static void free_driver(FakeDriver *driver)
{
	g_free(driver->name);
	g_free(driver->holders);
	g_free(driver->module);
	g_free(driver);
}

FakeProcess *fake_process_add(FakeHost *fake, int pid, guint64 start)
{
	FakeProcess *process = g_new0(FakeProcess, 1);

	process->process = (HostlerProcess){ .pid = pid, .start = start };
	g_ptr_array_add(fake->processes, process);
	return process;
}

static void free_process(FakeProcess *process)
{
	g_free(process->vm);
	g_strfreev(process->bdfs);
	g_free(process);
}

void fake_model_init(FakeHost *fake)
{
	fake->devices = g_ptr_array_new_with_free_func((GDestroyNotify)fake_device_free);
	fake->drivers = g_ptr_array_new_with_free_func((GDestroyNotify)free_driver);
	fake->processes = g_ptr_array_new_with_free_func((GDestroyNotify)free_process);
	fake->networks = g_ptr_array_new_with_free_func(g_free);
	fake->leases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	fake->neighbours = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	fake->nft = fake_nft_new();
	fake_display_init(fake);
	fake->reasons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	fake->images = g_key_file_new();
	fake->texts = g_key_file_new();
	fake->notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	fake->arriving = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void fake_model_clear(FakeHost *fake)
{
	g_ptr_array_unref(fake->devices);
	g_ptr_array_unref(fake->drivers);
	g_ptr_array_unref(fake->processes);
	g_ptr_array_unref(fake->networks);
	g_hash_table_unref(fake->leases);
	g_hash_table_unref(fake->neighbours);
	g_strfreev(fake->listeners);
	g_hash_table_unref(fake->nft);
	fake_display_clear(fake);
	g_hash_table_unref(fake->reasons);
	g_hash_table_unref(fake->notes);
	g_hash_table_unref(fake->arriving);
	g_key_file_unref(fake->images);
	g_key_file_unref(fake->texts);
}
