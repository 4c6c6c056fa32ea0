/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running machine. Opening it is part of every hook call, so it reads two
 * small files of /proc and nothing else. */
#include "hostler/host.h"

#include <fcntl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "hostler-build.h"
#include "host/address.h"
#include "host/bounded.h"
#include "host/bridge.h"
#include "host/display.h"
#include "host/file.h"
#include "host/gpu.h"
#include "host/helper.h"
#include "host/hot-reset.h"
#include "host/leases.h"
#include "host/libvirt.h"
#include "host/machine.h"
#include "host/modules.h"
#include "host/neighbours.h"
#include "host/netlink.h"
#include "host/pci.h"
#include "host/proc.h"
#include "host/qemu-log.h"
#include "host/sockets.h"
#include "host/storage/storage.h"
#include "host/suspend.h"
#include "host/users/users.h"
#include "host/vfio.h"

#define DEADLINE_SECONDS 20
#define BOOT_ID_MAX_BYTES 64
#define COMM_MAX_BYTES 64

/* --- paths, for the rest of this folder --- */

char *machine_path(const HostlerHost *host, const char *first, ...)
{
	const Machine *machine = (const Machine *)host;
	GString *path = g_string_new(machine->root);
	const char *part;
	va_list parts;

	g_string_append(path, first);
	va_start(parts, first);
	while ((part = va_arg(parts, const char *)) != NULL) {
		g_string_append_c(path, '/');
		g_string_append(path, part);
	}
	va_end(parts);
	return g_string_free(path, FALSE);
}

/* --- time --- */

static gint64 machine_monotonic(HostlerHost *host)
{
	return g_get_monotonic_time();
}

static gint64 machine_boottime(HostlerHost *host)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

static void machine_pause(HostlerHost *host, gint64 microseconds)
{
	g_usleep((gulong)microseconds);
}

/* --- opening --- */

/* Early in the boot the kernel may have no random numbers yet, and would wait. */
static char *new_run_id(void)
{
	guint64 number;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number))
		number = ((guint64)getpid() << 40) ^ (guint64)g_get_monotonic_time();
	return g_strdup_printf("%016" G_GINT64_MODIFIER "x", number);
}

/* init does not call hooks: a hook whose parent it is lost libvirtd in its first
 * moment. In a container libvirtd may be process 1 itself. */
static gboolean is_init(HostlerHost *host, int pid)
{
	static const char *const inits[] = { "systemd", "init", "runit", "s6-svscan", "openrc-init", "dinit", "tini",
					     "dumb-init", "catatonit", "conmon", NULL };
	g_autofree char *path = NULL;
	g_autofree char *name = NULL;

	if (pid != 1)
		return FALSE;
	path = machine_path(host, "/proc/1/comm", NULL);
	name = file_read_line(path, COMM_MAX_BYTES);
	return name != NULL && g_strv_contains(inits, name);
}

static void find_caller(HostlerHost *host)
{
	int parent = getppid();

	if (!is_init(host, parent) && !host_process_find(host, parent, &host->caller))
		host->caller.pid = 0;
}

static void machine_close(HostlerHost *host)
{
	Machine *machine = (Machine *)host;

	g_free(machine->root);
	g_free(machine->settle_program);
}

static const HostlerHostOps machine_ops = {
	.pci_read = host_pci_read,
	.pci_write = host_pci_write,
	.pci_link = host_pci_link,
	.pci_probe = host_pci_probe,
	.pci_config = host_pci_config,
	.pci_config_write = host_pci_config_write,
	.pci_users = host_pci_users,
	.pci_vfio_module = host_pci_vfio_module,
	.pci_on_vfio = host_pci_on_vfio,
	.pci_hot_reset = host_pci_hot_reset,
	.gpu_unbind_lock = host_gpu_unbind_lock,
	.gpu_unbind_unlock = host_gpu_unbind_unlock,
	.pci_exists = host_pci_exists,
	.pci_group = host_pci_group,
	.pci_port = host_pci_port,
	.pci_below = host_pci_below,
	.pci_devices = host_pci_devices,
	.groups = host_groups,
	.group_members = host_group_members,
	.kernel_text = host_kernel_text,
	.kernel_log = host_kernel_log,
	.net_read = host_net_read,
	.storage_read = host_storage_read,
	.storage_peek = host_storage_peek,
	.run_jobs = host_run_jobs,
	.job_in_flight = host_job_in_flight,
	.display_manager = host_display_manager,
	.display_manager_switch = host_display_manager_switch,
	.consoles = host_consoles,
	.console_switch = host_console_switch,
	.framebuffers = host_framebuffers,
	.framebuffer_switch = host_framebuffer_switch,
	.module_load = host_module_load,
	.module_unload = host_module_unload,
	.driver_modules = host_driver_modules,
	.driver_present = host_driver_present,
	.module_loaded = host_module_loaded,
	.module_driver = host_module_driver,
	.driver_module = host_driver_module,
	.process_find = host_process_find,
	.qemu_find = host_qemu_find,
	.vm_running = host_vm_running,
	.suspend_objection = host_suspend_objection,
	.suspend = host_suspend,
	.vm_xml = host_vm_xml,
	.vm_arrives = host_vm_arrives,
	.shutoff_reason = host_shutoff_reason,
	.helper_start = host_helper_start,
	.network_xmls = host_network_xmls,
	.lease_text = host_lease_text,
	.leases_listen = host_leases_listen,
	.listeners = host_listeners,
	.listener_owner = host_listener_owner,
	.neighbours = host_neighbours,
	.neighbours_listen = host_neighbours_listen,
	.neighbours_heard = host_neighbours_heard,
	.addresses = host_addresses,
	.port_hairpin = host_port_hairpin,
	.route_localnet = host_route_localnet,
	.arp_accept = host_arp_accept,
	.nft_dump = host_nft_dump,
	.nft_commit = host_nft_commit,
	.nft_listen = host_nft_listen,
	.monotonic = machine_monotonic,
	.boottime = machine_boottime,
	.pause = machine_pause,
	.close = machine_close,
};

HostlerHost *machine_open(const char *root, const char *run_dir)
{
	Machine *machine = g_new0(Machine, 1);
	HostlerHost *host = &machine->host;
	g_autofree char *boot_id = NULL;

	machine->root = g_strdup(root);
	machine->settle_program = g_strconcat(root, HOSTLER_SBIN_DIR "/hostler", NULL);
	machine->channel = -1;
	host->ops = &machine_ops;
	host->run_dir = g_strdup(run_dir);
	host->log_dir = g_strconcat(root, HOSTLER_LOG_DIR, NULL);
	host->config_file = g_strconcat(root, HOSTLER_CONFIG_FILE, NULL);
	host->quirks_dir = g_strconcat(root, HOSTLER_QUIRKS_DIR, NULL);
	host->config = (HostlerConfig){
		.hook_deadline = DEADLINE_SECONDS,
		.metrics_interval = 10,
		.metrics_enabled = TRUE,
		.metrics_rtt = TRUE,
		.metrics_log_size = 16,
	};
	boot_id = machine_path(host, "/proc/sys/kernel/random/boot_id", NULL);
	host->boot_id = file_read_line(boot_id, BOOT_ID_MAX_BYTES);
	if (host->boot_id == NULL)
		host->boot_id = g_strdup("unknown");
	host->run = new_run_id();
	find_caller(host);
	host->deadline = machine_monotonic(host) + DEADLINE_SECONDS * G_USEC_PER_SEC;
	return host;
}

HostlerHost *hostler_host_open(void)
{
	return machine_open("", HOSTLER_RUN_DIR);
}
