/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The doors that lead to no device, and the table of all. */
#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "hostler/error.h"
#include "host/machine.h"

/* --- modules --- */

static gboolean driver_present(HostlerHost *host, const char *driver)
{
	const FakeDriver *found = fake_driver_find((FakeHost *)host, driver);

	return found != NULL && found->present;
}

static gboolean module_loaded(HostlerHost *host, const char *module)
{
	const FakeDriver *found = fake_driver_of((FakeHost *)host, module);

	return found != NULL && found->present;
}

static char *module_driver(HostlerHost *host, const char *module)
{
	const FakeDriver *found = fake_driver_of((FakeHost *)host, module);

	return found != NULL && found->present ? g_strdup(found->name) : NULL;
}

static char *driver_module(HostlerHost *host, const char *driver)
{
	const FakeDriver *found = fake_driver_find((FakeHost *)host, driver);

	return found != NULL && found->present ? g_strdup(found->module) : NULL;
}

/* A job that hangs, or a run that was killed, starts no modprobe any more. */
static gboolean is_lost(const FakeHost *fake)
{
	return fake->killed || (fake->job != NULL && fake->job_hangs);
}

static gboolean module_load(HostlerHost *host, const char *module, GError **error)
{
	FakeHost *fake = (FakeHost *)host;
	int errnum = EIO;
	FakeEffect effect = is_lost(fake) ? FAKE_EFFECT_RUN_DIES :
					    fake_fault_meet(fake, "modprobe", module, NULL, &errnum);

	if (effect == FAKE_EFFECT_NONE && fake_module_loadable(fake, module)) {
		fake_module_loaded(fake, module);
		fakehost_note(host, "modprobe %s", module);
		return TRUE;
	}
	if (effect == FAKE_EFFECT_HANG) {
		fake->now = MIN(host->deadline, fake->now + 10 * G_USEC_PER_SEC);
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE, "/sbin/modprobe -- %s did not end in time",
			    module);
	} else {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "/sbin/modprobe -- %s exited with status 1",
			    module);
	}
	if (effect != FAKE_EFFECT_RUN_DIES)
		fakehost_note(host, "modprobe %s -> fails", module);
	return FALSE;
}

/* --- processes --- */

static gboolean process_find(HostlerHost *host, int pid, HostlerProcess *process)
{
	FakeHost *fake = (FakeHost *)host;

	for (guint i = 0; i < fake->processes->len; i++) {
		const FakeProcess *found = g_ptr_array_index(fake->processes, i);

		if (found->process.pid == pid) {
			*process = found->process;
			return TRUE;
		}
	}
	return FALSE;
}

static gboolean qemu_find(HostlerHost *host, const char *name, HostlerProcess *process)
{
	FakeHost *fake = (FakeHost *)host;

	for (guint i = 0; i < fake->processes->len; i++) {
		const FakeProcess *found = g_ptr_array_index(fake->processes, i);

		if (g_strcmp0(found->vm, name) == 0) {
			*process = found->process;
			return TRUE;
		}
	}
	return FALSE;
}

static char *vm_running(HostlerHost *host)
{
	FakeHost *fake = (FakeHost *)host;

	for (guint i = 0; i < fake->processes->len; i++) {
		const FakeProcess *found = g_ptr_array_index(fake->processes, i);

		if (found->vm != NULL)
			return g_strdup(found->vm);
	}
	return NULL;
}

static char *suspend_objection(HostlerHost *host)
{
	return fake_kernel_text(host, "no-suspend");
}

static gboolean suspend(HostlerHost *host, guint seconds, GError **error)
{
	FakeHost *fake = (FakeHost *)host;
	int errnum = 0;
	FakeEffect effect = fake->killed ? FAKE_EFFECT_RUN_DIES :
					   fake_fault_meet(fake, "suspend", NULL, NULL, &errnum);

	if (effect != FAKE_EFFECT_NONE) {
		machine_error(error, errnum != 0 ? errnum : EIO, "cannot write 'mem' to /sys/power/state");
		return FALSE;
	}
	fakehost_note(host, "suspend %u", seconds);
	fake_kernel_suspend(fake);
	return TRUE;
}

static char *vm_xml(HostlerHost *host, const char *uuid)
{
	return g_strdup(g_hash_table_lookup(((FakeHost *)host)->notes, uuid));
}

static gboolean vm_arrives(HostlerHost *host, const char *name, gboolean came)
{
	return g_hash_table_contains(((FakeHost *)host)->arriving, name);
}

static char *shutoff_reason(HostlerHost *host, const char *name)
{
	return g_strdup(g_hash_table_lookup(((FakeHost *)host)->reasons, name));
}

/* A helper that runs holds a lock on its folder; so does this one, as long as
 * the host is open. */
static void long_helper_start(HostlerHost *host, HostlerHelper helper)
{
	FakeHost *fake = (FakeHost *)host;
	gboolean watch = helper == HOSTLER_HELPER_WATCH;
	g_autofree char *path = g_build_filename(host->run_dir, watch ? "watch" : "vms", NULL);
	int *lock = watch ? &fake->watch_lock : &fake->metrics_lock;

	if (fake->killed || *lock >= 0)
		return;
	fakehost_note(host, "start hostler-%s", watch ? "watch" : "metrics");
	*lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*lock >= 0)
		flock(*lock, LOCK_EX);
}

static void helper_start(HostlerHost *host, HostlerHelper helper)
{
	FakeHost *fake = (FakeHost *)host;

	if (helper == HOSTLER_HELPER_SETTLE)
		fake->settle_asked |= !fake->killed;
	else
		long_helper_start(host, helper);
}

/* --- networks --- */

static GPtrArray *network_xmls(HostlerHost *host)
{
	FakeHost *fake = (FakeHost *)host;
	GPtrArray *xmls = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < fake->networks->len; i++)
		g_ptr_array_add(xmls, g_strdup(g_ptr_array_index(fake->networks, i)));
	return xmls;
}

static GStrv addresses(HostlerHost *host, GError **error)
{
	static const char *const all[] = { "127.0.0.1", "192.0.2.1", "::1", "2001:db8::1", NULL };

	return g_strdupv((char **)(gpointer)all);
}

static gboolean port_hairpin(HostlerHost *host, const char *port, GError **error)
{
	fakehost_note(host, "hairpin %s", port);
	return TRUE;
}

static gboolean set_conf(HostlerHost *host, const char *bridge, const char *setting, gboolean on, GError **error)
{
	FakeHost *fake = (FakeHost *)host;
	g_autofree char *path = g_strdup_printf("/proc/sys/net/ipv4/conf/%s/%s", bridge, setting);
	int errnum = 0;
	FakeEffect effect = fake->killed ? FAKE_EFFECT_RUN_DIES : fake_fault_meet(fake, setting, NULL, NULL, &errnum);

	if (effect != FAKE_EFFECT_NONE && effect != FAKE_EFFECT_NOTHING) {
		machine_error(error, errnum != 0 ? errnum : EIO, "cannot write %d to %s", on, path);
		return FALSE;
	}
	fakehost_note(host, "%s %s %d", setting, bridge, on);
	g_key_file_set_string(fake->texts, "kernel", path, on ? "1" : "0");
	return TRUE;
}

static gboolean route_localnet(HostlerHost *host, const char *bridge, gboolean on, GError **error)
{
	return set_conf(host, bridge, "route_localnet", on, error);
}

static gboolean arp_accept(HostlerHost *host, const char *bridge, gboolean on, GError **error)
{
	return set_conf(host, bridge, "arp_accept", on, error);
}

static gboolean refuse_firewall(HostlerHost *host, GError **error)
{
	FakeHost *fake = (FakeHost *)host;
	int errnum = 0;
	FakeEffect effect = fake->killed ? FAKE_EFFECT_RUN_DIES :
					   fake_fault_meet(fake, "firewall", NULL, NULL, &errnum);

	if (effect == FAKE_EFFECT_NONE || effect == FAKE_EFFECT_NOTHING)
		return FALSE;
	errnum = errnum != 0 ? errnum : EIO;
	g_set_error(error, HOSTLER_ERROR, errnum == ERESTART ? HOSTLER_ERROR_STALE : HOSTLER_ERROR_HOST,
		    "nf_tables refused message 1 (the batch as a whole): %s", g_strerror(errnum));
	return TRUE;
}

static gboolean nft_dump(HostlerHost *host, const struct nlmsghdr *request,
			 int (*each)(const struct nlmsghdr *message, void *data), gpointer data, GError **error)
{
	fake_nft_dump((FakeHost *)host, request, each, data);
	return TRUE;
}

static gboolean nft_commit(HostlerHost *host, const void *batch, gsize length, GError **error)
{
	FakeHost *fake = (FakeHost *)host;

	if (refuse_firewall(host, error))
		return FALSE;
	if (!fake_nft_commit(fake, batch, length)) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_EXISTS, "nf_tables refused message 1: %s",
			    g_strerror(EEXIST));
		return FALSE;
	}
	fake->generation++;
	fakehost_note(host, "firewall batch");
	return TRUE;
}

/* --- time --- */

static gint64 monotonic(HostlerHost *host)
{
	return ((FakeHost *)host)->now;
}

/* A host that slept for an hour since it was started. */
static gint64 boottime(HostlerHost *host)
{
	return ((FakeHost *)host)->now / G_USEC_PER_SEC + 3600;
}

static void close_host(HostlerHost *host)
{
	FakeHost *fake = (FakeHost *)host;

	if (fake->metrics_lock >= 0)
		close(fake->metrics_lock);
	if (fake->watch_lock >= 0)
		close(fake->watch_lock);
	fake_disk_remove(fake->folder);
	g_free(fake->folder);
	fake_model_clear(fake);
	g_ptr_array_unref(fake->faults);
	g_ptr_array_unref(fake->flights);
	g_string_free(fake->transcript, TRUE);
}

const HostlerHostOps fake_ops = {
	.pci_read = fake_pci_read,
	.pci_write = fake_pci_write,
	.pci_link = fake_pci_link,
	.pci_probe = fake_pci_probe,
	.pci_config = fake_pci_config,
	.pci_config_write = fake_pci_config_write,
	.pci_users = fake_pci_users,
	.pci_vfio_module = fake_pci_vfio_module,
	.pci_on_vfio = fake_pci_on_vfio,
	.pci_hot_reset = fake_pci_hot_reset,
	.gpu_unbind_lock = fake_gpu_unbind_lock,
	.gpu_unbind_unlock = fake_gpu_unbind_unlock,
	.pci_exists = fake_pci_exists,
	.pci_group = fake_pci_group,
	.pci_port = fake_pci_port,
	.pci_below = fake_pci_below,
	.pci_devices = fake_pci_devices,
	.groups = fake_groups,
	.group_members = fake_group_members,
	.kernel_text = fake_kernel_text,
	.kernel_log = fake_kernel_log,
	.net_read = fake_net_read,
	.storage_read = fake_storage_read,
	.storage_peek = fake_storage_peek,
	.run_jobs = fake_run_jobs,
	.job_in_flight = fake_job_in_flight,
	.display_manager = fake_display_manager,
	.display_manager_switch = fake_display_manager_switch,
	.consoles = fake_consoles,
	.console_switch = fake_console_switch,
	.framebuffers = fake_framebuffers,
	.framebuffer_switch = fake_framebuffer_switch,
	.module_load = module_load,
	.module_unload = fake_module_unload,
	.driver_modules = fake_driver_modules,
	.driver_present = driver_present,
	.module_loaded = module_loaded,
	.module_driver = module_driver,
	.driver_module = driver_module,
	.process_find = process_find,
	.qemu_find = qemu_find,
	.vm_running = vm_running,
	.suspend_objection = suspend_objection,
	.suspend = suspend,
	.vm_xml = vm_xml,
	.vm_arrives = vm_arrives,
	.shutoff_reason = shutoff_reason,
	.helper_start = helper_start,
	.network_xmls = network_xmls,
	.lease_text = fake_lease_text,
	.leases_listen = fake_listen,
	.neighbours = fake_neighbours,
	.listeners = fake_listeners,
	.listener_owner = fake_listener_owner,
	.neighbours_listen = fake_listen,
	.neighbours_heard = fake_neighbours_heard,
	.addresses = addresses,
	.port_hairpin = port_hairpin,
	.route_localnet = route_localnet,
	.arp_accept = arp_accept,
	.nft_dump = nft_dump,
	.nft_commit = nft_commit,
	.nft_listen = fake_listen,
	.monotonic = monotonic,
	.boottime = boottime,
	.pause = fake_pause,
	.close = close_host,
};
