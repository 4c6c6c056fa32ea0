/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel modules, by modprobe and never by a shell. */
#include "host/modules.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostler/error.h"
#include "host/child.h"
#include "host/file.h"
#include "host/machine.h"

#define DRIVERS "/sys/bus/pci/drivers"
#define MODULES "/sys/module"
#define MODPROBE "/sbin/modprobe"

#define LOAD_MAX_MICROSECONDS (10 * G_USEC_PER_SEC)
#define PAUSE_MICROSECONDS (2 * 1000)

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

/* A module whose driver has a name of its own, or none for PCI. */
static gboolean is_loaded(HostlerHost *host, const char *module)
{
	g_autofree char *path = module_folder(host, module);

	return host_driver_present(host, module) || g_file_test(path, G_FILE_TEST_IS_DIR);
}

static pid_t start_modprobe(HostlerHost *host, const char *module)
{
	g_autofree char *program = machine_path(host, MODPROBE, NULL);
	const char *argv[] = { program, "--", module, NULL };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	child_begin(-1);
	child_execute(argv);
}

/* TRUE when it ended in time. One that did not is killed and not waited for: a
 * module may hang in its own initialisation. */
static gboolean wait_for(HostlerHost *host, pid_t pid, int *status)
{
	gint64 until = host->ops->monotonic(host) + MIN(hostler_host_time_left(host), LOAD_MAX_MICROSECONDS);

	while (TRUE) {
		pid_t ended = waitpid(pid, status, WNOHANG);

		if (ended == pid)
			return TRUE;
		if ((ended < 0 && errno != EINTR) || host->ops->monotonic(host) >= until)
			break;
		g_usleep(PAUSE_MICROSECONDS);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, status, WNOHANG);
	return FALSE;
}

static gboolean run_modprobe(HostlerHost *host, const char *module, GError **error)
{
	g_autofree char *how = NULL;
	pid_t pid = start_modprobe(host, module);
	int status = 0;

	if (pid < 0) {
		machine_error(error, errno, "cannot start %s", MODPROBE);
		return FALSE;
	}
	if (!wait_for(host, pid, &status)) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE,
			    "%s -- %s did not end in time; see the kernel's log: journalctl -k", MODPROBE, module);
		return FALSE;
	}
	if (status == 0)
		return TRUE;
	how = child_describe_end(status);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "%s -- %s %s; see why with: modprobe -v %s", MODPROBE,
		    module, how, module);
	return FALSE;
}

gboolean host_module_load(HostlerHost *host, const char *module, GError **error)
{
	if (!module_is_name(module)) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS, "no name of a module: %s", module);
		return FALSE;
	}
	if (is_loaded(host, module))
		return TRUE;
	if (!run_modprobe(host, module, error))
		return FALSE;
	if (is_loaded(host, module))
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST,
		    "modprobe loaded %s without an error but the kernel does not have it; an install line may stand "
		    "in for it: modprobe --showconfig | grep %s",
		    module, module);
	return FALSE;
}
