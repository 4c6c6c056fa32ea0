/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests do to the machine that is played. */
#include "fakehost.h"

#include <glib/gstdio.h>
#include <string.h>

#include "model.h"

#define BEGIN_SECONDS 1000
#define DEADLINE_SECONDS 20
#define FIRST_QEMU_PID 4242

/* On a tmpfs like /run itself where there is one: records are fsynced. */
static char *make_folder(void)
{
	g_autofree char *folder = g_strdup("/dev/shm/hostler-fake-XXXXXX");

	if (g_mkdtemp(folder) != NULL)
		return g_steal_pointer(&folder);
	g_free(folder);
	folder = g_dir_make_tmp("hostler-fake-XXXXXX", NULL);
	g_assert_nonnull(folder);
	return g_steal_pointer(&folder);
}

HostlerHost *fakehost_new(const char *description, GError **error)
{
	FakeHost *fake = g_new0(FakeHost, 1);
	HostlerHost *host = &fake->host;

	host->ops = &fake_ops;
	fake->folder = make_folder();
	host->run_dir = g_build_filename(fake->folder, "run", NULL);
	host->log_dir = g_build_filename(fake->folder, "log", NULL);
	host->config_file = g_build_filename(fake->folder, "hostler.conf", NULL);
	host->quirks_dir = g_build_filename(fake->folder, "share", "quirks", NULL);
	host->config = (HostlerConfig){
		.hook_deadline = DEADLINE_SECONDS,
		.metrics_interval = 10,
		.metrics_enabled = TRUE,
		.metrics_rtt = TRUE,
		.metrics_log_size = 16,
	};
	host->boot_id = g_strdup("6f6e6365-7570-4f6e-a174-696d65210000");
	fake->faults = g_ptr_array_new_with_free_func((GDestroyNotify)fake_fault_free);
	fake->flights = g_ptr_array_new_with_free_func((GDestroyNotify)fake_flight_free);
	fake->transcript = g_string_new(NULL);
	fake->now = BEGIN_SECONDS * G_USEC_PER_SEC;
	fake->next_pid = FIRST_QEMU_PID;
	fake->generation = 1;
	fake->metrics_lock = -1;
	fake->watch_lock = -1;
	fake_model_init(fake);
	fakehost_begin(host);
	if (fake_model_load(fake, description, error))
		return host;
	hostler_host_free(host);
	return NULL;
}

void fakehost_begin(HostlerHost *host)
{
	FakeHost *fake = (FakeHost *)host;

	g_datalist_clear(&host->kept);
	g_free(host->run);
	host->run = g_strdup_printf("%016x", ++fake->n_runs);
	host->deadline = fake->now + DEADLINE_SECONDS * G_USEC_PER_SEC;
}

/* --- what was done --- */

const char *fakehost_transcript(HostlerHost *host)
{
	return ((FakeHost *)host)->transcript->str;
}

void fakehost_transcript_clear(HostlerHost *host)
{
	g_string_truncate(((FakeHost *)host)->transcript, 0);
}

void fakehost_note(HostlerHost *host, const char *format, ...)
{
	FakeHost *fake = (FakeHost *)host;
	va_list arguments;

	/* What a killed run still says is said by nobody. */
	if (fake->killed)
		return;
	va_start(arguments, format);
	g_string_append_vprintf(fake->transcript, format, arguments);
	va_end(arguments);
	g_string_append_c(fake->transcript, '\n');
}

static void add_difference(GString *text, const FakeDevice *device, const char *fact)
{
	const char *then = g_hash_table_lookup(device->found, fact);
	const char *now = g_hash_table_lookup(device->facts, fact);

	if (g_strcmp0(then, now) != 0)
		g_string_append_printf(text, "%s: %s is '%s', was '%s'\n", device->bdf, fact, now, then);
}

char *fakehost_differences(HostlerHost *host)
{
	static const char *const facts[] = { "driver", "driver_override", "reset_method", "power/control",
					     "d3cold_allowed", "enable", "sriov_numvfs", "unbind_lock" };
	FakeHost *fake = (FakeHost *)host;
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < fake->devices->len; i++) {
		const FakeDevice *device = g_ptr_array_index(fake->devices, i);

		if (!device->present)
			g_string_append_printf(text, "%s: gone\n", device->bdf);
		for (gsize j = 0; device->present && j < G_N_ELEMENTS(facts); j++)
			add_difference(text, device, facts[j]);
	}
	fake_display_differences(fake, text);
	return g_string_free(text, FALSE);
}

/* --- what goes wrong --- */

gboolean fakehost_fault(HostlerHost *host, const char *fault, GError **error)
{
	FakeHost *fake = (FakeHost *)host;
	FakeFault *parsed = fake_fault_parse(fault, error);

	if (parsed != NULL)
		g_ptr_array_add(fake->faults, parsed);
	return parsed != NULL;
}

void fakehost_fault_at(HostlerHost *host, guint n, const char *effect)
{
	FakeHost *fake = (FakeHost *)host;

	fake->fault_at = n;
	fake->effect_at = fake_effect_parse(effect, &fake->errnum_at);
	g_assert_cmpint(fake->effect_at, !=, FAKE_EFFECT_NONE);
}

void fakehost_faults_forget(HostlerHost *host)
{
	FakeHost *fake = (FakeHost *)host;

	g_ptr_array_set_size(fake->faults, 0);
	fake->fault_at = 0;
}

guint fakehost_doors(HostlerHost *host)
{
	return ((FakeHost *)host)->n_doors;
}

const char *fakehost_hanging(HostlerHost *host)
{
	FakeHost *fake = (FakeHost *)host;

	return fake->flights->len > 0 ? ((const FakeFlight *)g_ptr_array_index(fake->flights, 0))->bdf : NULL;
}

static void end_flight(FakeHost *fake, const FakeFlight *flight)
{
	FakeDevice *device = fake_device_find(fake, flight->bdf);

	if (device == NULL || flight->attribute == NULL) {
		fakehost_note(&fake->host, "%s: the kernel comes back", flight->bdf);
		return;
	}
	/* Whoever had it open has let go, or the kernel would not be back. */
	if (fake_driver_is_vfio(fake_device_get(device, "driver")))
		fake_device_set(device, "enable", "0");
	if (g_str_equal(flight->attribute, "drivers_probe"))
		fake_kernel_probe(fake, device);
	else
		fake_kernel_write(fake, device, flight->attribute, flight->value);
	fakehost_note(&fake->host, "%s: the kernel comes back from %s", flight->bdf, flight->attribute);
}

gboolean fakehost_let_go(HostlerHost *host, const char *bdf)
{
	FakeHost *fake = (FakeHost *)host;
	guint n_before = fake->flights->len;

	/* Oldest first: that is the one the others wait for. */
	for (guint i = 0; i < fake->flights->len;) {
		const FakeFlight *flight = g_ptr_array_index(fake->flights, i);

		if (!g_str_equal(flight->bdf, bdf)) {
			i++;
			continue;
		}
		end_flight(fake, flight);
		g_ptr_array_remove_index(fake->flights, i);
	}
	return fake->flights->len < n_before;
}

gboolean fakehost_run_died(HostlerHost *host)
{
	FakeHost *fake = (FakeHost *)host;

	if (!fake->killed)
		return FALSE;
	fake->killed = FALSE;
	fake_disk_restore(fake);
	return TRUE;
}

gboolean fakehost_settle_asked(HostlerHost *host)
{
	FakeHost *fake = (FakeHost *)host;
	gboolean asked = fake->settle_asked;

	fake->settle_asked = FALSE;
	return asked;
}

/* --- what happens meanwhile --- */

void fakehost_clock(HostlerHost *host, gint64 seconds)
{
	((FakeHost *)host)->now += seconds * G_USEC_PER_SEC;
}

const char *fakehost_get(HostlerHost *host, const char *bdf, const char *fact)
{
	const FakeDevice *device = fake_device_find((FakeHost *)host, bdf);

	return device != NULL ? fake_device_get(device, fact) : NULL;
}

void fakehost_set(HostlerHost *host, const char *bdf, const char *fact, const char *value)
{
	FakeDevice *device = fake_device_find((FakeHost *)host, bdf);

	if (g_str_equal(bdf, "display")) {
		fake_display_set((FakeHost *)host, fact, value);
		return;
	}
	g_assert_nonnull(device);
	fake_device_set(device, fact, value);
	/* Another device shows itself in its configuration space as well. */
	if (g_str_equal(fact, "vendor") || g_str_equal(fact, "device") || g_str_equal(fact, "class"))
		fake_device_fresh(device);
}

void fakehost_driver_end(HostlerHost *host, const char *driver)
{
	FakeHost *fake = (FakeHost *)host;
	FakeDriver *gone = fake_driver_find(fake, driver);

	g_assert_nonnull(gone);
	gone->present = FALSE;
	for (guint i = 0; i < fake->devices->len; i++) {
		FakeDevice *device = g_ptr_array_index(fake->devices, i);

		if (g_str_equal(fake_device_get(device, "driver"), driver))
			fake_kernel_write(fake, device, "driver/unbind", device->bdf);
	}
}

void fakehost_vm_xml_set(HostlerHost *host, const char *uuid, const char *xml)
{
	FakeHost *fake = (FakeHost *)host;

	if (xml != NULL)
		g_hash_table_insert(fake->notes, g_strdup(uuid), g_strdup(xml));
	else
		g_hash_table_remove(fake->notes, uuid);
}

void fakehost_vm_arrives_set(HostlerHost *host, const char *vm, gboolean arrives)
{
	FakeHost *fake = (FakeHost *)host;

	if (arrives)
		g_hash_table_add(fake->arriving, g_strdup(vm));
	else
		g_hash_table_remove(fake->arriving, vm);
}

void fakehost_shutoff_reason_set(HostlerHost *host, const char *vm, const char *reason)
{
	g_hash_table_insert(((FakeHost *)host)->reasons, g_strdup(vm), g_strdup(reason));
}

void fakehost_pull(HostlerHost *host, const char *bdf)
{
	FakeDevice *device = fake_device_find((FakeHost *)host, bdf);

	g_assert_nonnull(device);
	device->present = FALSE;
}

void fakehost_plug(HostlerHost *host, const char *bdf)
{
	FakeHost *fake = (FakeHost *)host;

	for (guint i = 0; i < fake->devices->len; i++) {
		FakeDevice *device = g_ptr_array_index(fake->devices, i);

		if (g_str_equal(device->bdf, bdf))
			fake_device_plug(device);
	}
}

void fakehost_process_start(HostlerHost *host, int pid, guint64 start)
{
	fake_process_add((FakeHost *)host, pid, start);
}

void fakehost_process_end(HostlerHost *host, int pid)
{
	FakeHost *fake = (FakeHost *)host;

	for (guint i = fake->processes->len; i > 0; i--) {
		if (((const FakeProcess *)g_ptr_array_index(fake->processes, i - 1))->process.pid == pid)
			g_ptr_array_remove_index(fake->processes, i - 1);
	}
}

/* The kernel's count of a function that is open through vfio-pci. */
static void set_open(HostlerHost *host, const char *const *bdfs, const char *enable)
{
	for (gsize i = 0; bdfs[i] != NULL; i++) {
		const char *driver = fakehost_get(host, bdfs[i], "driver");

		if (driver != NULL && fake_driver_is_vfio(driver))
			fakehost_set(host, bdfs[i], "enable", enable);
	}
}

void fakehost_qemu_start(HostlerHost *host, const char *name, const char *const *bdfs)
{
	FakeHost *fake = (FakeHost *)host;
	FakeProcess *process = fake_process_add(fake, fake->next_pid++, (guint64)(fake->now / G_USEC_PER_SEC));

	process->vm = g_strdup(name);
	process->bdfs = g_strdupv((GStrv)bdfs);
	set_open(host, bdfs, "1");
}

void fakehost_qemu_end(HostlerHost *host, const char *name)
{
	FakeHost *fake = (FakeHost *)host;

	for (guint i = fake->processes->len; i > 0; i--) {
		const FakeProcess *process = g_ptr_array_index(fake->processes, i - 1);

		if (g_strcmp0(process->vm, name) != 0)
			continue;
		set_open(host, (const char *const *)process->bdfs, "0");
		g_ptr_array_remove_index(fake->processes, i - 1);
	}
}

void fakehost_caller_end(HostlerHost *host)
{
	fakehost_process_end(host, host->caller.pid);
}

void fakehost_caller_start(HostlerHost *host)
{
	FakeHost *fake = (FakeHost *)host;

	fakehost_caller_end(host);
	host->caller = fake_process_add(fake, host->caller.pid + 1, (guint64)(fake->now / G_USEC_PER_SEC))->process;
}
