/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel modules, by modprobe and never by a shell. */
#include "host/modules.h"

#include <string.h>

#include "hostler/error.h"
#include "host/child.h"
#include "host/file.h"
#include "host/job-child.h"
#include "host/machine.h"
#include "host/program.h"

#define DRIVERS "/sys/bus/pci/drivers"
#define MODULES "/sys/module"
#define MODPROBE "/sbin/modprobe"

#define LOAD_MAX_MICROSECONDS (10 * G_USEC_PER_SEC)
#define UNLOAD_MAX_MICROSECONDS (10 * G_USEC_PER_SEC)
/* Of modules that use modules: three is the most that a graphics driver has. */
#define MODULES_MAX_DEPTH 8

gboolean module_is_name(const char *name)
{
	return g_ascii_isalnum(name[0]) && strlen(name) <= 64 &&
	       name[strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-")] == '\0';
}

/* What the kernel lists in one folder is one name; spaces are allowed in it. */
static gboolean is_driver_name(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
}

gboolean host_driver_present(HostlerHost *host, const char *driver)
{
	g_autofree char *path = machine_path(host, DRIVERS, driver, NULL);

	return is_driver_name(driver) && g_file_test(path, G_FILE_TEST_IS_DIR);
}

/* Its folder, in which the kernel writes every "-" as "_". */
static char *module_folder(HostlerHost *host, const char *module)
{
	g_autofree char *name = g_strdelimit(g_strdup(module), "-", '_');

	return machine_path(host, MODULES, name, NULL);
}

/* A module's drivers are links, "pci:e1000e", one for each bus it serves. */
char *host_module_driver(HostlerHost *host, const char *module)
{
	g_autofree char *folder = module_folder(host, module);
	g_autofree char *path = g_build_filename(folder, "drivers", NULL);
	g_autoptr(GPtrArray) names = module_is_name(module) ? folder_names(path) : NULL;

	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);

		if (g_str_has_prefix(name, "pci:"))
			return g_strdup(name + strlen("pci:"));
	}
	return NULL;
}

char *host_driver_module(HostlerHost *host, const char *driver)
{
	g_autofree char *path = machine_path(host, DRIVERS, driver, "module", NULL);
	g_autofree char *target = is_driver_name(driver) ? link_read(path) : NULL;
	g_autofree char *module = target != NULL ? g_path_get_basename(target) : NULL;

	return module != NULL && module_is_name(module) ? g_steal_pointer(&module) : NULL;
}

static gboolean is_module_there(HostlerHost *host, const char *module)
{
	g_autofree char *path = module_folder(host, module);

	return g_file_test(path, G_FILE_TEST_IS_DIR);
}

gboolean host_module_loaded(HostlerHost *host, const char *module)
{
	return module_is_name(module) && is_module_there(host, module);
}

/* A module whose driver has a name of its own, or none for PCI. */
static gboolean is_loaded(HostlerHost *host, const char *module)
{
	return host_driver_present(host, module) || is_module_there(host, module);
}

static gboolean modprobe(HostlerHost *host, const char *const *argv, gint64 microseconds, GError **error)
{
	g_autofree char *order = g_strjoinv(" ", (char **)(gpointer)(argv + 1));
	g_autofree char *how = NULL;
	g_autoptr(GError) local = NULL;
	int status = 0;

	if (!job_child_may_act(host, error))
		return FALSE;
	if (!program_run(host, argv, microseconds, NULL, &status, &local)) {
		g_set_error(error, HOSTLER_ERROR, local->code, "%s (%s); see the kernel's log: journalctl -k",
			    local->message, order);
		return FALSE;
	}
	if (status == 0)
		return TRUE;
	how = child_describe_end(status);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "%s %s %s; see why with: modprobe -v %s", MODPROBE,
		    order, how, order);
	return FALSE;
}

static gboolean check_name(const char *module, GError **error)
{
	if (module_is_name(module))
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS, "no name of a module: %s", module);
	return FALSE;
}

gboolean host_module_load(HostlerHost *host, const char *module, GError **error)
{
	g_autofree char *program = machine_path(host, MODPROBE, NULL);
	const char *argv[] = { program, "--", module, NULL };

	if (!check_name(module, error))
		return FALSE;
	if (is_loaded(host, module))
		return TRUE;
	if (!modprobe(host, argv, LOAD_MAX_MICROSECONDS, error))
		return FALSE;
	if (is_loaded(host, module))
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST,
		    "modprobe loaded %s without an error but the kernel does not have it; an install line may stand "
		    "in for it: modprobe --showconfig | grep %s",
		    module, module);
	return FALSE;
}

gboolean host_module_unload(HostlerHost *host, const char *module, GError **error)
{
	g_autofree char *program = machine_path(host, MODPROBE, NULL);
	const char *argv[] = { program, "-r", "--", module, NULL };

	if (!check_name(module, error))
		return FALSE;
	if (!is_module_there(host, module))
		return TRUE;
	if (!modprobe(host, argv, UNLOAD_MAX_MICROSECONDS, error))
		return FALSE;
	if (!is_module_there(host, module))
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "modprobe -r %s ended without an error but the kernel "
		    "still has it", module);
	return FALSE;
}

/* --- who uses a driver's module --- */

/* Those that use `module` come before it, each once. */
static void add_with_users(HostlerHost *host, const char *module, guint depth, GPtrArray *modules)
{
	g_autofree char *path = machine_path(host, MODULES, module, "holders", NULL);
	g_autoptr(GPtrArray) holders = folder_names(path);

	if (depth > MODULES_MAX_DEPTH || g_ptr_array_find_with_equal_func(modules, module, g_str_equal, NULL))
		return;
	for (guint i = 0; holders != NULL && i < holders->len; i++)
		add_with_users(host, g_ptr_array_index(holders, i), depth + 1, modules);
	if (module_is_name(module) && !g_ptr_array_find_with_equal_func(modules, module, g_str_equal, NULL))
		g_ptr_array_add(modules, g_strdup(module));
}

GStrv host_driver_modules(HostlerHost *host, const char *driver)
{
	g_autofree char *module = host_driver_module(host, driver);
	GPtrArray *modules = g_ptr_array_new();

	if (module != NULL)
		add_with_users(host, module, 0, modules);
	g_ptr_array_add(modules, NULL);
	return (GStrv)g_ptr_array_free(modules, FALSE);
}
