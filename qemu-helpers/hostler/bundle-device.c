/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices in a bundle. Each is read in a job of its own; the configuration
 * space of those alone that matter, for reading it wakes a device. */
#include <string.h>

#include "bundle.h"
#include "hostler/capabilities.h"
#include "hostler/text.h"

#define ANSWER "device" /* group of a job's answer */
#define MOST_DUMPS 64
#define ROW 16

typedef struct {
	char *bdf;
	gboolean matters;
	gboolean sleeps;
	guint class;
	guint vendor;
	guint id;
} Device;

static void device_free(gpointer data)
{
	g_free(((Device *)data)->bdf);
	g_free(data);
}

/* --- in short --- */

static const char *const attributes[] = { "class", "vendor", "device", "subsystem_vendor", "subsystem_device",
					  "revision", "reset_method", "power_state", "power/control", "enable" };

static gboolean read_facts(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_autofree char *driver = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++) {
		g_autofree char *value = host->ops->pci_read(host, job->bdf, attributes[i], NULL);
		g_autofree char *shown = hostler_text_shown(value);

		if (value != NULL)
			g_key_file_set_string(answer, ANSWER, attributes[i], shown);
	}
	driver = host->ops->pci_link(host, job->bdf, "driver", NULL);
	if (driver != NULL) {
		g_autofree char *shown = hostler_text_shown(driver);

		g_key_file_set_string(answer, ANSWER, "driver", shown);
	}
	g_key_file_set_boolean(answer, ANSWER, "on_vfio", host->ops->pci_on_vfio(host, job->bdf, NULL));
	return TRUE;
}

static guint number(GKeyFile *answer, const char *attribute)
{
	g_autofree char *value = g_key_file_get_string(answer, ANSWER, attribute, NULL);

	return value != NULL ? (guint)g_ascii_strtoull(value, NULL, 16) : 0;
}

static void add_short(Bundle *bundle, HostlerHost *host, const HostlerJob *job)
{
	g_autofree char *group = host->ops->pci_group(host, job->bdf);
	g_autofree char *port = host->ops->pci_port(host, job->bdf);
	g_autofree char *driver = g_key_file_get_string(job->answer, ANSWER, "driver", NULL);
	g_autofree char *methods = g_key_file_get_string(job->answer, ANSWER, "reset_method", NULL);
	g_autofree char *state = g_key_file_get_string(job->answer, ANSWER, "power_state", NULL);
	g_autofree char *control = g_key_file_get_string(job->answer, ANSWER, "power/control", NULL);
	g_autofree char *enable = g_key_file_get_string(job->answer, ANSWER, "enable", NULL);

	if (job->state != HOSTLER_JOB_DONE) {
		bundle_line(bundle, "device %s: %s", job->bdf, job->error->message);
		return;
	}
	bundle_line(bundle,
		    "device %s: class %04x, %04x:%04x (%04x:%04x) rev %02x, group %s, below %s, driver %s, "
		    "resets %s, %s, control %s, enable %s",
		    job->bdf, number(job->answer, "class") >> 8, number(job->answer, "vendor"),
		    number(job->answer, "device"), number(job->answer, "subsystem_vendor"),
		    number(job->answer, "subsystem_device"), number(job->answer, "revision"),
		    group != NULL ? group : "none", port != NULL ? port : "the root",
		    driver != NULL ? driver : "none",
		    methods == NULL ? "not listed" : *methods != '\0' ? methods : "none",
		    state != NULL ? state : "state unknown",
		    control != NULL ? control : "unknown", enable != NULL ? enable : "unknown");
}

static void take_facts(HostlerHost *host, Device *device, const HostlerJob *job)
{
	g_autoptr(HostlerRecord) claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, device->bdf);
	g_autofree char *state = g_key_file_get_string(job->answer, ANSWER, "power_state", NULL);

	device->class = number(job->answer, "class") >> 8;
	device->vendor = number(job->answer, "vendor");
	device->id = number(job->answer, "device");
	device->sleeps = g_strcmp0(state, "D3cold") == 0;
	device->matters = job->state == HOSTLER_JOB_DONE &&
			  (claim != NULL || g_key_file_get_boolean(job->answer, ANSWER, "on_vfio", NULL));
}

static void add_all(Bundle *bundle, HostlerHost *host, const GPtrArray *devices)
{
	g_autofree HostlerJob *jobs = g_new0(HostlerJob, devices->len);

	for (guint i = 0; i < devices->len; i++)
		jobs[i].bdf = ((const Device *)g_ptr_array_index(devices, i))->bdf;
	bundle_take_time(host);
	host->ops->run_jobs(host, jobs, devices->len, read_facts);
	for (guint i = 0; i < devices->len; i++) {
		add_short(bundle, host, &jobs[i]);
		take_facts(host, g_ptr_array_index(devices, i), &jobs[i]);
	}
	hostler_jobs_clear(jobs, devices->len);
}

/* --- which of them matter --- */

static Device *find(const GPtrArray *devices, const char *bdf)
{
	for (guint i = 0; bdf != NULL && i < devices->len; i++) {
		Device *device = g_ptr_array_index(devices, i);

		if (g_str_equal(device->bdf, bdf))
			return device;
	}
	return NULL;
}

/* The functions beside it, and every port on its way to the root. */
static void spread(HostlerHost *host, const GPtrArray *devices, const Device *device, GHashTable *more)
{
	g_autofree char *port = host->ops->pci_port(host, device->bdf);
	g_auto(GStrv) below = port != NULL ? host->ops->pci_below(host, port) : NULL;

	for (gsize i = 0; below != NULL && below[i] != NULL; i++)
		g_hash_table_add(more, find(devices, below[i]));
	for (guint steps = 0; port != NULL && steps < devices->len; steps++) {
		char *above = host->ops->pci_port(host, port);

		g_hash_table_add(more, find(devices, port));
		g_free(port);
		port = above;
	}
}

static void mark_around(HostlerHost *host, const GPtrArray *devices)
{
	g_autoptr(GHashTable) more = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < devices->len; i++) {
		if (((const Device *)g_ptr_array_index(devices, i))->matters)
			spread(host, devices, g_ptr_array_index(devices, i), more);
	}
	for (guint i = 0; i < devices->len; i++) {
		Device *device = g_ptr_array_index(devices, i);

		device->matters |= g_hash_table_contains(more, device);
	}
}

/* --- dumps --- */

/* As much as the device has: 4096 bytes, 256, or the 64 that everybody may read. */
static gboolean read_config(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	static const gsize lengths[] = { HOSTLER_CONFIG_BYTES, 256, 64 };
	g_autofree guint8 *config = g_malloc0(HOSTLER_CONFIG_BYTES);

	for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
		gboolean is_last = i + 1 == G_N_ELEMENTS(lengths);

		if (host->ops->pci_config(host, job->bdf, 0, config, lengths[i], is_last ? error : NULL)) {
			g_autofree char *text = g_base64_encode(config, lengths[i]);

			g_key_file_set_string(answer, ANSWER, "config", text);
			return TRUE;
		}
	}
	return FALSE;
}

static void append_rows(GString *text, const guint8 *config, gsize length)
{
	for (gsize at = 0; at < length; at += ROW) {
		g_string_append_printf(text, "%02zx:", at);
		for (gsize i = at; i < MIN(at + ROW, length); i++)
			g_string_append_printf(text, " %02x", config[i]);
		g_string_append_c(text, '\n');
	}
}

static void add_dump(Bundle *bundle, const Device *device, const HostlerJob *job)
{
	g_autofree char *text = g_key_file_get_string(job->answer, ANSWER, "config", NULL);
	gsize length = 0;
	g_autofree guint8 *config = text != NULL ? g_base64_decode(text, &length) : NULL;

	if (config == NULL) {
		bundle_line(bundle, "device %s: %s", device->bdf,
			    job->error != NULL ? job->error->message : "not read");
		return;
	}
	redact_config(config, length);
	g_string_append_printf(bundle->text, "\n%s Class %04x: %04x:%04x\n", device->bdf, device->class,
			       device->vendor, device->id);
	append_rows(bundle->text, config, length);
}

static void add_dumps(Bundle *bundle, HostlerHost *host, const GPtrArray *devices)
{
	g_autofree HostlerJob *jobs = g_new0(HostlerJob, MOST_DUMPS);
	guint n = 0;
	guint left_out = 0;

	for (guint i = 0; i < devices->len; i++) {
		Device *device = g_ptr_array_index(devices, i);

		if (device->matters && device->sleeps)
			bundle_line(bundle, "device %s: sleeps in D3cold, and was not woken", device->bdf);
		if (!device->matters || device->sleeps)
			continue;
		if (n == MOST_DUMPS) {
			left_out++;
			continue;
		}
		jobs[n].bdf = device->bdf;
		jobs[n++].data = device;
	}
	if (left_out > 0)
		bundle_line(bundle, "(%u devices more, which are left out)", left_out);
	bundle_take_time(host);
	host->ops->run_jobs(host, jobs, n, read_config);
	for (guint i = 0; i < n; i++)
		add_dump(bundle, jobs[i].data, &jobs[i]);
	hostler_jobs_clear(jobs, n);
}

void bundle_add_devices(Bundle *bundle, HostlerHost *host)
{
	g_auto(GStrv) bdfs = host->ops->pci_devices(host);
	g_autoptr(GPtrArray) devices = g_ptr_array_new_with_free_func(device_free);

	for (gsize i = 0; bdfs[i] != NULL; i++) {
		Device *device = g_new0(Device, 1);

		device->bdf = g_strdup(bdfs[i]);
		g_ptr_array_add(devices, device);
	}
	bundle_title(bundle, "devices");
	add_all(bundle, host, devices);
	mark_around(host, devices);
	bundle_title(bundle, "configuration space of the devices in question");
	add_dumps(bundle, host, devices);
}
