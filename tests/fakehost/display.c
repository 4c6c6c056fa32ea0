/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The desktop that is played: its display manager, its programs, text consoles,
 * boot framebuffers and the modules of drivers. */
#include <errno.h>
#include <string.h>

#include "hostler/error.h"
#include "host/machine.h"
#include "model.h"

#define ON(on) ((on) ? "on" : "off")

void fake_display_init(FakeHost *fake)
{
	fake->display = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	fake->off = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	fake->stopped_at = -1;
}

void fake_display_clear(FakeHost *fake)
{
	g_hash_table_unref(fake->display);
	g_hash_table_unref(fake->off);
}

static const char *get(FakeHost *fake, const char *fact)
{
	const char *value = g_hash_table_lookup(fake->display, fact);

	return value != NULL ? value : "";
}

void fake_display_set(FakeHost *fake, const char *fact, const char *value)
{
	g_hash_table_insert(fake->display, g_strdup(fact), g_strdup(value));
}

static gboolean is_on(FakeHost *fake, const char *name)
{
	return !g_hash_table_contains(fake->off, name);
}

static void set_on(FakeHost *fake, const char *name, gboolean on)
{
	if (on)
		g_hash_table_remove(fake->off, name);
	else
		g_hash_table_add(fake->off, g_strdup(name));
}

const char *fake_display_clients(FakeHost *fake, const FakeDevice *device)
{
	const char *clients = fake_device_get(device, "clients");
	const char *leaves = get(fake, "leaves");
	gint64 gone_at = fake->stopped_at + (gint64)g_ascii_strtoull(leaves, NULL, 10) * G_USEC_PER_SEC;
	gboolean gone = fake->stopped_at >= 0 && !g_str_equal(leaves, "never") && fake->now >= gone_at;

	return clients != NULL && !gone ? clients : "";
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(a, b);
}

void fake_display_differences(FakeHost *fake, GString *text)
{
	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(fake->off), compare_names);

	for (GList *name = names; name != NULL; name = name->next)
		g_string_append_printf(text, "%s: off\n", (const char *)name->data);
}

/* --- what may go wrong --- */

typedef enum {
	PASSES,
	DOES_NOTHING,
	FAILS,
} Passage;

static Passage refuse(FakeHost *fake, const char *door, const char *subject, int errnum, GError **error)
{
	fakehost_note(&fake->host, "%s %s -> %s", door, subject, g_strerror(errnum));
	machine_error(error, errnum, "%s %s", door, subject);
	return FAILS;
}

/* In a job it is the job that is lost; elsewhere it is given up in time. */
static Passage hang(FakeHost *fake, const char *door, const char *subject, GError **error)
{
	fakehost_note(&fake->host, "%s %s -> hangs", door, subject);
	if (fake->job != NULL)
		fake_job_hang(fake, fake->job, NULL, NULL);
	else
		fake->now = MAX(fake->now, fake->host.deadline);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE, "%s %s did not end in time", door, subject);
	return FAILS;
}

static Passage pass(FakeHost *fake, const char *door, const char *subject, GError **error)
{
	int errnum = ENODEV;

	if (fake->killed || (fake->job != NULL && fake->job_hangs)) {
		machine_error(error, EIO, "%s %s", door, subject);
		return FAILS;
	}
	switch (fake_fault_meet(fake, door, subject, NULL, &errnum)) {
	case FAKE_EFFECT_HANG:
		return hang(fake, door, subject, error);
	case FAKE_EFFECT_NOTHING:
		return DOES_NOTHING;
	case FAKE_EFFECT_ERROR:
	case FAKE_EFFECT_VANISH:
		return refuse(fake, door, subject, errnum, error);
	case FAKE_EFFECT_RUN_DIES:
		machine_error(error, EIO, "%s %s", door, subject);
		return FAILS;
	case FAKE_EFFECT_NONE:
	case FAKE_EFFECT_CALLER_DIES:
	case FAKE_EFFECT_VM_STARTS:
	case FAKE_EFFECT_SLOW:
		break;
	}
	return PASSES;
}

static Passage pass_in_job(FakeHost *fake, const char *door, const char *subject, GError **error)
{
	if (fake->job == NULL)
		g_error("%s %s: a door that may sleep for ever, outside of a job", door, subject);
	return pass(fake, door, subject, error);
}

/* --- the display manager --- */

static gboolean is_stopping(FakeHost *fake, GError **error)
{
	if (!g_str_equal(get(fake, "stopping"), "yes"))
		return FALSE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_STOPPING, "the host is shutting down");
	return TRUE;
}

char *fake_display_manager(HostlerHost *host, GError **error)
{
	FakeHost *fake = (FakeHost *)host;
	const char *unit = get(fake, "unit");

	if (pass(fake, "manager", "which", error) == FAILS || is_stopping(fake, error))
		return NULL;
	return *unit != '\0' && is_on(fake, unit) ? g_strdup(unit) : NULL;
}

gboolean fake_display_manager_switch(HostlerHost *host, const char *unit, gboolean on, GError **error)
{
	FakeHost *fake = (FakeHost *)host;
	g_autoptr(GError) local = NULL;
	Passage passage = pass(fake, "manager", on ? "start" : "stop", &local);
	/* systemd has the order, and is done with it later. */
	gboolean late = g_error_matches(local, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE);

	if (local != NULL)
		g_propagate_error(error, g_steal_pointer(&local));
	if ((passage == FAILS && !late) || is_stopping(fake, late ? NULL : error))
		return FALSE;
	if (passage == DOES_NOTHING)
		return TRUE;
	fakehost_note(host, "%s %s", on ? "start" : "stop", unit);
	set_on(fake, unit, on);
	fake->stopped_at = on ? -1 : fake->now;
	return !late;
}

/* --- consoles and framebuffers --- */

static gboolean show_consoles(FakeHost *fake, const char *const *bdfs)
{
	for (gsize i = 0; bdfs[i] != NULL; i++) {
		const FakeDevice *device = fake_device_find(fake, bdfs[i]);

		if (device != NULL && g_strcmp0(fake_device_get(device, "console"), "yes") == 0)
			return TRUE;
	}
	return FALSE;
}

static GStrv those_on(FakeHost *fake, const char *names)
{
	g_autoptr(GStrvBuilder) on = g_strv_builder_new();
	g_auto(GStrv) all = g_strsplit(names, ";", -1);

	for (gsize i = 0; all[i] != NULL; i++) {
		if (*all[i] != '\0' && is_on(fake, all[i]))
			g_strv_builder_add(on, all[i]);
	}
	return g_strv_builder_end(on);
}

GStrv fake_consoles(HostlerHost *host, const char *const *bdfs, GError **error)
{
	FakeHost *fake = (FakeHost *)host;

	if (pass_in_job(fake, "consoles", "all", error) == FAILS)
		return NULL;
	return those_on(fake, show_consoles(fake, bdfs) ? get(fake, "consoles") : "");
}

GStrv fake_framebuffers(HostlerHost *host, const char *bdf, GError **error)
{
	FakeHost *fake = (FakeHost *)host;
	const FakeDevice *device = fake_device_find(fake, bdf);
	const char *names = device != NULL ? fake_device_get(device, "framebuffers") : NULL;

	if (pass_in_job(fake, "framebuffers", bdf, error) == FAILS)
		return NULL;
	return those_on(fake, names != NULL ? names : "");
}

static gboolean switch_it(FakeHost *fake, const char *door, const char *name, gboolean on, GError **error)
{
	Passage passage = pass_in_job(fake, door, name, error);

	if (passage == PASSES && is_on(fake, name) != on) {
		fakehost_note(&fake->host, "%s %s %s", door, name, ON(on));
		set_on(fake, name, on);
	}
	return passage != FAILS;
}

gboolean fake_console_switch(HostlerHost *host, const char *console, gboolean on, GError **error)
{
	return switch_it((FakeHost *)host, "console", console, on, error);
}

gboolean fake_framebuffer_switch(HostlerHost *host, const char *framebuffer, gboolean on, GError **error)
{
	return switch_it((FakeHost *)host, "framebuffer", framebuffer, on, error);
}

/* --- modules --- */

GStrv fake_driver_modules(HostlerHost *host, const char *driver)
{
	const FakeDriver *found = fake_driver_find((FakeHost *)host, driver);
	g_autofree char *names = NULL;

	if (found == NULL || !found->present)
		return g_new0(char *, 1);
	names = g_strconcat(found->holders != NULL ? found->holders : "", ";", found->module, NULL);
	return those_on((FakeHost *)host, names);
}

static gboolean is_held(FakeHost *fake, const FakeDriver *driver)
{
	g_auto(GStrv) holders = driver->holders != NULL ? those_on(fake, driver->holders) : NULL;

	return holders != NULL && holders[0] != NULL;
}

gboolean fake_module_unload(HostlerHost *host, const char *module, GError **error)
{
	FakeHost *fake = (FakeHost *)host;
	FakeDriver *driver = fake_driver_of(fake, module);
	Passage passage = pass(fake, "rmmod", module, error);

	if (passage != PASSES)
		return passage != FAILS;
	if (driver != NULL && is_held(fake, driver))
		return refuse(fake, "rmmod", module, EAGAIN, error) != FAILS;
	fakehost_note(host, "modprobe -r %s", module);
	set_on(fake, module, FALSE);
	if (driver != NULL)
		fakehost_driver_end(host, driver->name);
	return TRUE;
}

static gboolean has_free_device(FakeHost *fake, const char *driver)
{
	for (guint i = 0; i < fake->devices->len; i++) {
		const FakeDevice *device = g_ptr_array_index(fake->devices, i);

		if (g_str_equal(fake_device_get(device, "native"), driver) &&
		    *fake_device_get(device, "driver") == '\0')
			return TRUE;
	}
	return FALSE;
}

static gboolean is_a_holder(FakeHost *fake, const char *module)
{
	for (guint i = 0; i < fake->drivers->len; i++) {
		const FakeDriver *driver = g_ptr_array_index(fake->drivers, i);
		g_auto(GStrv) holders = g_strsplit(driver->holders != NULL ? driver->holders : "", ";", -1);

		if (g_strv_contains((const char *const *)holders, module))
			return TRUE;
	}
	return FALSE;
}

gboolean fake_module_loadable(FakeHost *fake, const char *module)
{
	const FakeDriver *driver = fake_driver_of(fake, module);

	if (driver == NULL)
		return is_a_holder(fake, module);
	return driver->loadable && (!driver->needs_device || driver->present || has_free_device(fake, driver->name));
}

/* By its ids, or because the device's override names it. */
static gboolean knows(const FakeDriver *driver, const FakeDevice *device)
{
	const char *override = fake_device_get(device, "driver_override");

	return g_strcmp0(g_strcmp0(override, "(null)") != 0 ? override : fake_device_get(device, "native"),
			 driver->name) == 0;
}

/* A driver that comes takes the devices that it knows and nobody has. */
void fake_module_loaded(FakeHost *fake, const char *module)
{
	FakeDriver *driver = fake_driver_of(fake, module);

	set_on(fake, module, TRUE);
	if (driver == NULL)
		return;
	driver->present = TRUE;
	for (guint i = 0; i < fake->devices->len; i++) {
		FakeDevice *device = g_ptr_array_index(fake->devices, i);

		if (knows(driver, device))
			fake_kernel_probe(fake, device);
	}
}

void fake_pause(HostlerHost *host, gint64 microseconds)
{
	((FakeHost *)host)->now += microseconds;
}
