/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine that tests play: it must not be kinder than the kernel. */
#include <string.h>

#include "fakehost.h"
#include "hostler/error.h"
#include "hostler/record.h"

#define BDF "0000:01:00.0"
#define UUID "11111111-2222-3333-4444-555555555555"

static HostlerHost *open_host(const char *description)
{
	g_autoptr(GError) error = NULL;
	HostlerHost *host = fakehost_new(description, &error);

	g_assert_no_error(error);
	return host;
}

static HostlerHost *open_nic(void)
{
	return open_host("[device " BDF "]\ndriver=e1000e\niommu_group=14\nreset_method=flr pm\n");
}

static void add_fault(HostlerHost *host, const char *fault)
{
	g_autoptr(GError) error = NULL;

	fakehost_fault(host, fault, &error);
	g_assert_no_error(error);
}

/* --- steps: words that a job does, one after the other --- */

/* "attribute=value" is a write, "probe" and "read attribute" are what they say;
 * the first that fails is the end. */
static gboolean do_step(HostlerHost *host, const char *bdf, const char *step, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(step, "=", 2);
	g_autofree char *value = NULL;

	if (g_str_equal(step, "probe"))
		return host->ops->pci_probe(host, bdf, error);
	if (parts[1] != NULL)
		return host->ops->pci_write(host, bdf, parts[0], parts[1], error);
	value = host->ops->pci_read(host, bdf, step + strlen("read "), error);
	return value != NULL;
}

static gboolean do_steps(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_auto(GStrv) steps = g_strsplit(job->data, ";", -1);

	for (gsize i = 0; steps[i] != NULL; i++) {
		if (!do_step(host, job->bdf, steps[i], error))
			return FALSE;
	}
	g_key_file_set_boolean(answer, "steps", "done", TRUE);
	return TRUE;
}

static HostlerJobState run(HostlerHost *host, const char *steps, GError **error)
{
	HostlerJob job = { .bdf = BDF, .data = (char *)steps };
	HostlerJobState state;

	host->ops->run_jobs(host, &job, 1, do_steps);
	state = job.state;
	g_assert_cmpint(g_key_file_get_boolean(job.answer, "steps", "done", NULL), ==, state == HOSTLER_JOB_DONE);
	if (job.error != NULL)
		g_propagate_error(error, g_steal_pointer(&job.error));
	hostler_jobs_clear(&job, 1);
	return state;
}

static void assert_steps(HostlerHost *host, const char *steps, const char *driver)
{
	g_autoptr(GError) error = NULL;

	run(host, steps, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(fakehost_get(host, BDF, "driver"), ==, driver);
}

static void assert_refused(HostlerHost *host, const char *steps, const char *message)
{
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(run(host, steps, &error), ==, HOSTLER_JOB_FAILED);
	g_assert_nonnull(error);
	g_assert_cmpstr(error->message, ==, message);
}

/* --- what the kernel does --- */

static void test_binding(void)
{
	g_autoptr(HostlerHost) host = open_nic();
	g_autofree char *nothing = NULL;

	/* Bound already: a probe changes nothing, an override neither. */
	assert_steps(host, "driver_override=vfio-pci;probe", "e1000e");
	/* vfio-pci is not loaded: the probe succeeds all the same. */
	assert_steps(host, "driver/unbind=" BDF ";probe", "");
	assert_refused(host, "driver/unbind=" BDF,
		       "cannot write '" BDF "' to driver/unbind of " BDF ": No such file or directory");
	g_assert_false(host->ops->driver_present(host, "vfio-pci"));
	g_assert_true(host->ops->module_load(host, "vfio-pci", NULL));
	assert_steps(host, "probe", "vfio-pci");
	g_assert_cmpstr(fakehost_get(host, BDF, "enable"), ==, "0");
	/* Without the override vfio-pci's ids match nothing and e1000e's do. */
	assert_steps(host, "driver_override=\n;driver/unbind=" BDF ";probe", "e1000e");
	g_assert_cmpstr(fakehost_get(host, BDF, "driver_override"), ==, "(null)");
	nothing = fakehost_differences(host);
	g_assert_cmpstr(nothing, ==, "");
}

static gboolean look_at_vfio(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_autofree char *module = host->ops->pci_vfio_module(host, job->bdf, error);
	gboolean on = host->ops->pci_on_vfio(host, job->bdf, error);
	gboolean free = host->ops->gpu_unbind_lock(host, job->bdf, error);

	g_key_file_set_string(answer, "vfio", "module", module);
	g_key_file_set_boolean(answer, "vfio", "on", on);
	return free;
}

static HostlerJobState look(HostlerHost *host, const char *module, gboolean on)
{
	HostlerJob job = { .bdf = BDF };
	HostlerJobState state;
	g_autofree char *found = NULL;

	host->ops->run_jobs(host, &job, 1, look_at_vfio);
	found = g_key_file_get_string(job.answer, "vfio", "module", NULL);
	g_assert_cmpstr(found, ==, module);
	g_assert_cmpint(g_key_file_get_boolean(job.answer, "vfio", "on", NULL), ==, on);
	state = job.state;
	hostler_jobs_clear(&job, 1);
	return state;
}

/* A variant is there when its module was loaded; a driver's module may have another name. */
static void test_variant(void)
{
	g_autoptr(HostlerHost) host = open_host("[device " BDF "]\ndriver=nvidia\nunbind_lock=0\n"
						"vfio_module=nvgrace_gpu_vfio_pci\n"
						"[driver nvidia]\nmodule=nvidia_open\n");
	g_autofree char *native = host->ops->driver_module(host, "nvidia");
	g_autofree char *driver = NULL;

	g_assert_cmpstr(native, ==, "nvidia_open");
	g_assert_null(host->ops->module_driver(host, "nvgrace_gpu_vfio_pci"));
	g_assert_true(host->ops->module_load(host, "nvgrace_gpu_vfio_pci", NULL));
	driver = host->ops->module_driver(host, "nvgrace_gpu_vfio_pci");
	g_assert_cmpint(look(host, driver, FALSE), ==, HOSTLER_JOB_DONE);
	g_assert_cmpstr(fakehost_get(host, BDF, "unbind_lock"), ==, "1");
	fakehost_set(host, BDF, "unbind_lock", "busy");
	g_assert_cmpint(look(host, driver, FALSE), ==, HOSTLER_JOB_FAILED);
	fakehost_driver_end(host, "nvidia");
	g_assert_null(host->ops->driver_module(host, "nvidia"));
}

static void test_notes(void)
{
	g_autoptr(HostlerHost) host = open_nic();
	g_autofree char *xml = NULL;

	g_assert_null(host->ops->vm_xml(host, "11111111-2222-3333-4444-555555555555"));
	fakehost_vm_xml_set(host, "11111111-2222-3333-4444-555555555555", "<domstatus/>");
	xml = host->ops->vm_xml(host, "11111111-2222-3333-4444-555555555555");
	g_assert_cmpstr(xml, ==, "<domstatus/>");
	fakehost_vm_xml_set(host, "11111111-2222-3333-4444-555555555555", NULL);
	g_assert_null(host->ops->vm_xml(host, "11111111-2222-3333-4444-555555555555"));
	fakehost_vm_arrives_set(host, "web", TRUE);
	g_assert_true(host->ops->vm_arrives(host, "web", FALSE));
	fakehost_vm_arrives_set(host, "web", FALSE);
	g_assert_false(host->ops->vm_arrives(host, "web", FALSE));
}

static void test_no_vfio_without_override(void)
{
	g_autoptr(HostlerHost) host = open_host("[device " BDF "]\n[driver vfio-pci]\npresent=true\n");

	assert_steps(host, "probe", "");
}

static void test_bridge(void)
{
	g_autoptr(HostlerHost) host = open_host("[device " BDF "]\nclass=0x060400\n"
						"[driver vfio-pci]\npresent=true\n");

	assert_steps(host, "driver_override=vfio-pci;probe", "");
}

static void test_reset(void)
{
	g_autoptr(HostlerHost) host = open_nic();

	assert_steps(host, "reset=1", "e1000e");
	assert_steps(host, "reset_method=pm;reset=1", "e1000e");
	assert_refused(host, "reset_method=bus", "cannot write 'bus' to reset_method of " BDF ": Invalid argument");
	assert_steps(host, "reset_method=", "e1000e");
	assert_refused(host, "reset=1", "cannot write '1' to reset of " BDF ": Inappropriate ioctl for device");
	assert_steps(host, "reset_method=default", "e1000e");
	g_assert_cmpstr(fakehost_get(host, BDF, "reset_method"), ==, "flr pm");
}

static void test_attributes(void)
{
	g_autoptr(HostlerHost) host = open_nic();

	assert_refused(host, "power/control=off", "cannot write 'off' to power/control of " BDF ": Invalid argument");
	assert_refused(host, "vendor=0x10de", "cannot write '0x10de' to vendor of " BDF ": Permission denied");
	assert_refused(host, "read boot_vga", "cannot read boot_vga of " BDF ": No such file or directory");
	assert_refused(host, "nonsense=1", "cannot write '1' to nonsense of " BDF ": No such file or directory");
}

/* --- hanging --- */

/* What vfio-pci does while somebody has the device open. */
static void test_open_device_hangs(void)
{
	static const char *const bdfs[] = { BDF, NULL };
	g_autoptr(HostlerHost) host = open_host("[device " BDF "]\ndriver=vfio-pci\nnative=e1000e\niommu_group=14\n");
	gint64 begun = host->ops->monotonic(host);
	HostlerProcess qemu;

	fakehost_qemu_start(host, "vm", bdfs);
	g_assert_true(host->ops->qemu_find(host, "vm", &qemu));
	g_assert_cmpstr(fakehost_get(host, BDF, "enable"), ==, "1");
	g_assert_cmpint(run(host, "driver/unbind=" BDF ";probe", NULL), ==, HOSTLER_JOB_STUCK);
	g_assert_cmpint(host->ops->monotonic(host) - begun, ==, 20 * G_USEC_PER_SEC);
	g_assert_true(host->ops->job_in_flight(host, BDF));
	g_assert_cmpstr(fakehost_hanging(host), ==, BDF);
	fakehost_begin(host);
	g_assert_cmpint(run(host, "read vendor", NULL), ==, HOSTLER_JOB_STUCK);

	fakehost_qemu_end(host, "vm");
	g_assert_false(host->ops->qemu_find(host, "vm", &qemu));
	g_assert_true(fakehost_let_go(host, BDF));
	g_assert_false(fakehost_let_go(host, BDF));
	g_assert_false(host->ops->job_in_flight(host, BDF));
	g_assert_cmpstr(fakehost_get(host, BDF, "driver"), ==, "");
	g_assert_cmpstr(fakehost_transcript(host), ==,
			"write " BDF " driver/unbind " BDF " -> hangs\n"
			BDF ": the kernel comes back from driver/unbind\n");
}

/* A job on another device that comes to the stuck one hangs too. */
static gboolean read_the_stuck_one(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_autofree char *value = host->ops->pci_read(host, BDF, "driver_override", error);

	return value != NULL;
}

static void test_readers_hang(void)
{
	g_autoptr(HostlerHost) host = open_host("[device " BDF "]\ndriver=e1000e\n[device 0000:01:00.1]\n");
	HostlerJob job = { .bdf = "0000:01:00.1" };

	add_fault(host, "write " BDF " driver/unbind hang");
	g_assert_cmpint(run(host, "driver/unbind=" BDF, NULL), ==, HOSTLER_JOB_STUCK);
	fakehost_begin(host);
	host->ops->run_jobs(host, &job, 1, read_the_stuck_one);
	g_assert_cmpint(job.state, ==, HOSTLER_JOB_STUCK);
	g_assert_true(host->ops->job_in_flight(host, "0000:01:00.1"));
	hostler_jobs_clear(&job, 1);
	fakehost_let_go(host, BDF);
	g_assert_false(host->ops->job_in_flight(host, "0000:01:00.1"));
}

/* --- faults --- */

static void test_nth_fault(void)
{
	g_autoptr(HostlerHost) host = open_nic();

	add_fault(host, "read " BDF " vendor #2 EIO");
	assert_steps(host, "read vendor;read device", "e1000e");
	assert_refused(host, "read vendor", "cannot read vendor of " BDF ": Input/output error");
	assert_steps(host, "read vendor", "e1000e");
	add_fault(host, "read " BDF " class #* EIO");
	assert_refused(host, "read class", "cannot read class of " BDF ": Input/output error");
	assert_refused(host, "read class", "cannot read class of " BDF ": Input/output error");
}

static void test_success_without_effect(void)
{
	g_autoptr(HostlerHost) host = open_nic();

	add_fault(host, "write " BDF " driver/unbind nothing");
	assert_steps(host, "driver/unbind=" BDF, "e1000e");
	assert_steps(host, "driver/unbind=" BDF, "");
}

static void test_vanish(void)
{
	g_autoptr(HostlerHost) host = open_nic();

	add_fault(host, "probe " BDF " vanish");
	assert_refused(host, "probe", "cannot have a driver looked for by drivers_probe for " BDF ": No such device");
	g_assert_false(host->ops->pci_exists(host, BDF));
	assert_refused(host, "read vendor", "cannot read vendor of " BDF ": No such file or directory");
	g_assert_null(host->ops->group_members(host, "14", NULL));
}

static void test_groups(void)
{
	g_autoptr(HostlerHost) host = open_host("[device 0000:00:01.0]\niommu_group=14\n"
						"[device " BDF "]\niommu_group=14\n"
						"[device 0000:02:00.0]\niommu_group=9\n[device 0000:03:00.0]\n");
	g_auto(GStrv) groups = host->ops->groups(host);
	g_autofree char *shown = g_strjoinv(" ", groups);
	g_autofree char *group = host->ops->pci_group(host, BDF);

	g_assert_cmpstr(shown, ==, "9 14");
	g_assert_cmpstr(group, ==, "14");
	g_assert_null(host->ops->pci_group(host, "0000:03:00.0"));
}

static void test_no_fault(void)
{
	static const char *const lines[] = {
		"", "write", "write " BDF, "write " BDF " reset", "write " BDF " reset EWHAT", "shout " BDF " hang",
		"write " BDF " reset #0 hang",
	};
	g_autoptr(HostlerHost) host = open_nic();

	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(fakehost_fault(host, lines[i], &error));
		g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS);
	}
}

static void test_caller(void)
{
	g_autoptr(HostlerHost) host = open_nic();

	g_assert_true(hostler_host_caller_lives(host));
	add_fault(host, "read " BDF " vendor caller dies");
	assert_steps(host, "read vendor", "e1000e");
	g_assert_false(hostler_host_caller_lives(host));
	fakehost_caller_start(host);
	g_assert_true(hostler_host_caller_lives(host));
}

/* Nothing that a killed run does afterwards reaches the machine or the disk. */
static void test_killed(void)
{
	g_autoptr(HostlerHost) host = open_nic();
	g_autoptr(HostlerRecord) claim = hostler_record_new(host, HOSTLER_RECORD_CLAIM, BDF, UUID, "vm");
	g_autoptr(HostlerRecord) kept = NULL;
	g_autoptr(HostlerRecord) lost = NULL;

	g_assert_true(hostler_record_store(host, claim, NULL));
	add_fault(host, "write " BDF " driver/unbind run dies");
	g_assert_cmpint(run(host, "driver_override=vfio-pci;driver/unbind=" BDF ";probe", NULL), ==,
			HOSTLER_JOB_FAILED);
	g_assert_cmpint(run(host, "driver_override=x", NULL), ==, HOSTLER_JOB_FAILED);
	hostler_record_remove(host, HOSTLER_RECORD_CLAIM, BDF);
	claim->kind = HOSTLER_RECORD_STAY;
	g_free(claim->key);
	claim->key = g_strdup(UUID);
	g_assert_true(hostler_record_store(host, claim, NULL));

	g_assert_true(fakehost_run_died(host));
	g_assert_false(fakehost_run_died(host));
	g_assert_cmpstr(fakehost_get(host, BDF, "driver_override"), ==, "vfio-pci");
	g_assert_cmpstr(fakehost_get(host, BDF, "driver"), ==, "e1000e");
	kept = hostler_record_load(host, HOSTLER_RECORD_CLAIM, BDF);
	lost = hostler_record_load(host, HOSTLER_RECORD_STAY, UUID);
	g_assert_nonnull(kept);
	g_assert_null(lost);
}

static gboolean list_users(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_auto(GStrv) needed = host->ops->pci_users(host, job->bdf, HOSTLER_USE_NEEDED, error);
	g_auto(GStrv) any = host->ops->pci_users(host, job->bdf, HOSTLER_USE_ANY, error);
	g_autofree char *all_needed = g_strjoinv("|", needed);
	g_autofree char *all = g_strjoinv("|", any);

	g_key_file_set_string(answer, "users", "needed", all_needed);
	g_key_file_set_string(answer, "users", "any", all);
	return TRUE;
}

static void expect_users(const char *facts, const char *needed, const char *any)
{
	g_autofree char *description = g_strdup_printf("[device " BDF "]\n%s", facts);
	g_autoptr(HostlerHost) host = open_host(description);
	HostlerJob job = { .bdf = BDF };
	g_autofree char *said_needed = NULL;
	g_autofree char *said = NULL;

	host->ops->run_jobs(host, &job, 1, list_users);
	said_needed = g_key_file_get_string(job.answer, "users", "needed", NULL);
	said = g_key_file_get_string(job.answer, "users", "any", NULL);
	g_assert_cmpstr(said_needed, ==, needed);
	g_assert_cmpstr(said, ==, any);
	hostler_jobs_clear(&job, 1);
}

static void test_users(void)
{
	expect_users("", "", "");
	expect_users("stirs=eth0 is up;it is dark\n", "", "eth0 is up|it is dark");
	expect_users("users=a;b\nstirs=c\n", "a|b", "a|b|c");
}

static void test_bad_descriptions(void)
{
	static const char *const descriptions[] = { "[device 01:00.0]\n", "[gadget x]\n", "driver=x\n" };

	for (gsize i = 0; i < G_N_ELEMENTS(descriptions); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(fakehost_new(descriptions[i], &error));
		g_assert_nonnull(error);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fakehost/binding", test_binding);
	g_test_add_func("/fakehost/variant", test_variant);
	g_test_add_func("/fakehost/notes", test_notes);
	g_test_add_func("/fakehost/no-vfio-without-override", test_no_vfio_without_override);
	g_test_add_func("/fakehost/bridge", test_bridge);
	g_test_add_func("/fakehost/reset", test_reset);
	g_test_add_func("/fakehost/attributes", test_attributes);
	g_test_add_func("/fakehost/open-device-hangs", test_open_device_hangs);
	g_test_add_func("/fakehost/readers-hang", test_readers_hang);
	g_test_add_func("/fakehost/nth-fault", test_nth_fault);
	g_test_add_func("/fakehost/success-without-effect", test_success_without_effect);
	g_test_add_func("/fakehost/vanish", test_vanish);
	g_test_add_func("/fakehost/groups", test_groups);
	g_test_add_func("/fakehost/no-fault", test_no_fault);
	g_test_add_func("/fakehost/caller", test_caller);
	g_test_add_func("/fakehost/killed", test_killed);
	g_test_add_func("/fakehost/users", test_users);
	g_test_add_func("/fakehost/bad-descriptions", test_bad_descriptions);
	return g_test_run();
}
