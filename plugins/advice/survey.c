/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what advice looks at, each device in a job of its own. */
#include "plugins/advice/survey.h"

#include <string.h>

#include "hostler/error.h"

#define ANSWER "advice" /* group of a job's answer */
#define DISPLAYS 0x03   /* class of all display controllers */

/* --- in the job --- */

/* What this kernel or this device does not say is not known. */
static void take(HostlerHost *host, const char *bdf, const char *attribute, GKeyFile *answer)
{
	g_autofree char *value = host->ops->pci_read(host, bdf, attribute, NULL);

	if (value != NULL && g_utf8_validate(value, -1, NULL))
		g_key_file_set_string(answer, ANSWER, attribute, value);
}

/* The host's door gives all that is asked for or nothing: PCI Express has 4096
 * bytes, what came before it 256, and a kernel may show 64 alone. */
static void take_config(HostlerHost *host, const char *bdf, GKeyFile *answer)
{
	static const gsize lengths[] = { HOSTLER_CONFIG_BYTES, 256, 64 };
	g_autofree guint8 *bytes = g_malloc(HOSTLER_CONFIG_BYTES);

	for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
		g_autofree char *text = NULL;

		if (!host->ops->pci_config(host, bdf, 0, bytes, lengths[i], NULL))
			continue;
		text = g_base64_encode(bytes, lengths[i]);
		g_key_file_set_string(answer, ANSWER, "config", text);
		return;
	}
}

static void take_framebuffers(HostlerHost *host, const char *bdf, GKeyFile *answer)
{
	g_autofree char *class = g_key_file_get_string(answer, ANSWER, "class", NULL);
	g_auto(GStrv) found = NULL;

	if (class == NULL || g_ascii_strtoull(class, NULL, 16) >> 16 != DISPLAYS)
		return;
	found = host->ops->framebuffers(host, bdf, NULL);
	if (found != NULL)
		g_key_file_set_string_list(answer, ANSWER, "framebuffers", (const char *const *)found,
					   g_strv_length(found));
}

static gboolean read_device(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	static const char *const attributes[] = { "class", "vendor", "device", "power_state", "reset_method",
						  "boot_vga" };
	g_autofree char *power = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++)
		take(host, job->bdf, attributes[i], answer);
	take_framebuffers(host, job->bdf, answer);
	power = g_key_file_get_string(answer, ANSWER, "power_state", NULL);
	if (g_strcmp0(power, "D3cold") != 0)
		take_config(host, job->bdf, answer);
	return TRUE;
}

/* --- devices --- */

static void device_free(gpointer data)
{
	AdviceDevice *device = data;

	g_free(device->bdf);
	g_free(device->port);
	g_free(device->group);
	g_free(device->reset_method);
	g_free(device->power_state);
	g_clear_error(&device->trouble);
	g_strfreev(device->framebuffers);
	g_free(device);
}

static AdviceDevice *device_new(GPtrArray *devices, const char *bdf)
{
	AdviceDevice *device = g_new0(AdviceDevice, 1);

	device->bdf = g_strdup(bdf);
	g_ptr_array_add(devices, device);
	return device;
}

static guint16 read_number(GKeyFile *answer, const char *attribute, guint shift)
{
	g_autofree char *value = g_key_file_get_string(answer, ANSWER, attribute, NULL);

	return value != NULL ? (guint16)(g_ascii_strtoull(value, NULL, 16) >> shift) : 0;
}

/* The kernel remembers what a sleeping device is, and knows what a virtual one is. */
static void take_identity(AdviceDevice *device, GKeyFile *answer)
{
	device->capabilities.vendor = read_number(answer, "vendor", 0);
	device->capabilities.device = read_number(answer, "device", 0);
	device->capabilities.class = read_number(answer, "class", 8);
}

/* Since 5.15, or where somebody has ported it back: a device without the attribute is
 * one that the kernel knows no way to reset. */
static gboolean are_methods_listed(HostlerHost *host, const HostlerJob *jobs, gsize n)
{
	g_autofree char *release = host->ops->kernel_text(host, "/proc/sys/kernel/osrelease");
	char *rest = NULL;
	guint64 major = release != NULL ? g_ascii_strtoull(release, &rest, 10) : 0;
	guint64 minor = rest != NULL && *rest == '.' ? g_ascii_strtoull(rest + 1, NULL, 10) : 0;
	gboolean listed = major > 5 || (major == 5 && minor >= 15);

	for (gsize i = 0; !listed && i < n; i++)
		listed = g_key_file_has_key(jobs[i].answer, ANSWER, "reset_method", NULL);
	return listed;
}

static char *find_methods(GKeyFile *answer, gboolean listed)
{
	char *methods = g_key_file_get_string(answer, ANSWER, "reset_method", NULL);
	gboolean was_read = g_key_file_has_key(answer, ANSWER, "class", NULL);

	return methods == NULL && listed && was_read ? g_strdup("") : methods;
}

static void fill(AdviceDevice *device, HostlerJob *job, gboolean methods_listed)
{
	GKeyFile *answer = job->answer;
	g_autofree char *config = g_key_file_get_string(answer, ANSWER, "config", NULL);
	g_autofree char *boot = g_key_file_get_string(answer, ANSWER, "boot_vga", NULL);

	if (config != NULL) {
		gsize length;
		g_autofree guchar *bytes = g_base64_decode(config, &length);

		hostler_capabilities_read(bytes, length, &device->capabilities);
	}
	if (!device->capabilities.known || device->capabilities.virtual)
		take_identity(device, answer);
	device->reset_method = find_methods(answer, methods_listed);
	device->power_state = g_key_file_get_string(answer, ANSWER, "power_state", NULL);
	device->framebuffers = g_key_file_get_string_list(answer, ANSWER, "framebuffers", NULL, NULL);
	device->boot_vga = g_strcmp0(boot, "1") == 0;
	device->trouble = g_steal_pointer(&job->error);
}

GPtrArray *advice_survey(HostlerHost *host)
{
	g_auto(GStrv) bdfs = host->ops->pci_devices(host);
	g_autofree HostlerJob *jobs = g_new0(HostlerJob, g_strv_length(bdfs) + 1);
	GPtrArray *devices = g_ptr_array_new_with_free_func(device_free);
	gboolean methods_listed;
	gsize n = 0;

	for (gsize i = 0; bdfs[i] != NULL; i++) {
		AdviceDevice *device = device_new(devices, bdfs[i]);

		device->port = host->ops->pci_port(host, bdfs[i]);
		device->group = host->ops->pci_group(host, bdfs[i]);
		if (!host->ops->job_in_flight(host, bdfs[i]))
			jobs[n++].bdf = bdfs[i];
	}
	host->ops->run_jobs(host, jobs, n, read_device);
	methods_listed = are_methods_listed(host, jobs, n);
	for (gsize i = 0; i < n; i++)
		fill(advice_find(devices, jobs[i].bdf), &jobs[i], methods_listed);
	hostler_jobs_clear(jobs, n);
	return devices;
}

/* --- dumps: a bridge knows the number of the bus below it, and the host the rest --- */

static const AdviceDevice *find_bridge(const GPtrArray *devices, const char *bdf)
{
	guint64 bus = g_ascii_strtoull(bdf + strlen("0000:"), NULL, 16);

	for (guint i = 0; bus != 0 && i < devices->len; i++) {
		const AdviceDevice *device = g_ptr_array_index(devices, i);

		if (device->capabilities.secondary == bus && strncmp(device->bdf, bdf, strlen("0000:")) == 0 &&
		    !g_str_equal(device->bdf, bdf))
			return device;
	}
	return NULL;
}

GPtrArray *advice_survey_of_dump(const GPtrArray *dump)
{
	GPtrArray *devices = g_ptr_array_new_with_free_func(device_free);

	for (guint i = 0; i < dump->len; i++) {
		const HostlerDumped *dumped = g_ptr_array_index(dump, i);

		device_new(devices, dumped->bdf)->capabilities = dumped->capabilities;
	}
	for (guint i = 0; i < devices->len; i++) {
		AdviceDevice *device = g_ptr_array_index(devices, i);
		const AdviceDevice *bridge = find_bridge(devices, device->bdf);

		device->port = bridge != NULL ? g_strdup(bridge->bdf) : NULL;
	}
	return devices;
}
