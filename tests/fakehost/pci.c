/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI doors, but for configuration space. */
#include <errno.h>
#include <string.h>

#include "call.h"
#include "host/machine.h"

/* In the transcript a newline alone is shown as what it does. */
static const char *shown(const char *value)
{
	return g_str_equal(value, "\n") || *value == '\0' ? "\"\"" : value;
}

char *fake_pci_read(HostlerHost *host, const char *bdf, const char *attribute, GError **error)
{
	FakeCall call = { .door = "read", .bdf = bdf, .attribute = attribute };
	FakeDevice *device = NULL;
	int errnum;

	if (fake_call_pass((FakeHost *)host, &call, &device, &errnum) != FAKE_CALL_FAILS) {
		const char *value = fake_device_get(device, attribute);

		if (value != NULL)
			return g_strdup(value);
		errnum = ENOENT;
	}
	machine_error(error, errnum, "cannot read %s of %s", attribute, bdf);
	return NULL;
}

char *fake_pci_link(HostlerHost *host, const char *bdf, const char *link, GError **error)
{
	FakeCall call = { .door = "link", .bdf = bdf, .attribute = link };
	FakeDevice *device = NULL;
	const char *value;
	int errnum;

	if (fake_call_pass((FakeHost *)host, &call, &device, &errnum) == FAKE_CALL_FAILS) {
		machine_error(error, errnum, "cannot read the link %s of %s", link, bdf);
		return NULL;
	}
	value = fake_device_get(device, link);
	return value != NULL && *value != '\0' ? g_strdup(value) : NULL;
}

static int write_now(FakeHost *fake, const FakeCall *call, FakeDevice *device, const char *value)
{
	int errnum = fake_kernel_write(fake, device, call->attribute, value);

	if (errnum == FAKE_HANGS)
		return fake_call_hang(fake, call);
	if (errnum != 0)
		fake_call_note(fake, call, " -> %s", g_strerror(errnum));
	else
		fake_call_note(fake, call, "%s", "");
	return errnum;
}

gboolean fake_pci_write(HostlerHost *host, const char *bdf, const char *attribute, const char *value, GError **error)
{
	FakeCall call = { .door = "write", .bdf = bdf, .attribute = attribute, .order = shown(value) };
	FakeHost *fake = (FakeHost *)host;
	FakeDevice *device = NULL;
	int errnum;
	FakePassage passage = fake_call_pass(fake, &call, &device, &errnum);

	if (passage == FAKE_CALL_DOES_NOTHING)
		return TRUE;
	if (passage == FAKE_CALL_GOES_ON)
		errnum = write_now(fake, &call, device, value);
	if (errnum != 0)
		machine_error(error, errnum, "cannot write '%.*s' to %s of %s", (int)strcspn(value, "\n"), value,
			      attribute, bdf);
	return errnum == 0;
}

gboolean fake_pci_probe(HostlerHost *host, const char *bdf, GError **error)
{
	FakeCall call = { .door = "probe", .bdf = bdf, .order = "" };
	FakeHost *fake = (FakeHost *)host;
	FakeDevice *device = NULL;
	const char *driver;
	int errnum;
	FakePassage passage = fake_call_pass(fake, &call, &device, &errnum);

	if (passage == FAKE_CALL_FAILS) {
		machine_error(error, errnum, "cannot have a driver looked for by drivers_probe for %s", bdf);
		return FALSE;
	}
	if (passage == FAKE_CALL_GOES_ON) {
		fake_kernel_probe(fake, device);
		driver = fake_device_get(device, "driver");
		fake_call_note(fake, &call, " -> %s", *driver != '\0' ? driver : "no driver");
	}
	return TRUE;
}

/* --- around a device --- */

static void add_phrases(GStrvBuilder *users, const char *phrases)
{
	g_auto(GStrv) parts = g_strsplit(phrases, ";", -1);

	for (gsize i = 0; parts[i] != NULL; i++)
		g_strv_builder_add(users, parts[i]);
}

static GStrv list_users(FakeHost *fake, const FakeDevice *device, HostlerUse use)
{
	g_autoptr(GStrvBuilder) users = g_strv_builder_new();
	const char *functions = fake_device_get(device, "sriov_numvfs");

	add_phrases(users, fake_device_get(device, "users"));
	add_phrases(users, fake_display_clients(fake, device));
	if (functions != NULL && !g_str_equal(functions, "0")) {
		g_autofree char *phrase = g_strdup_printf("it has %s virtual functions enabled", functions);

		g_strv_builder_add(users, phrase);
	}
	if (use == HOSTLER_USE_ANY)
		add_phrases(users, fake_device_get(device, "stirs"));
	return g_strv_builder_end(users);
}

GStrv fake_pci_users(HostlerHost *host, const char *bdf, HostlerUse use, GError **error)
{
	FakeCall call = { .door = "users", .bdf = bdf };
	FakeDevice *device = NULL;
	int errnum;

	if (fake_call_pass((FakeHost *)host, &call, &device, &errnum) == FAKE_CALL_FAILS) {
		machine_error(error, errnum, "cannot see who uses %s", bdf);
		return NULL;
	}
	return list_users((FakeHost *)host, device, use);
}

gboolean fake_pci_exists(HostlerHost *host, const char *bdf)
{
	return fake_device_find((FakeHost *)host, bdf) != NULL;
}

char *fake_pci_group(HostlerHost *host, const char *bdf)
{
	const FakeDevice *device = fake_device_find((FakeHost *)host, bdf);
	const char *group = device != NULL ? fake_device_get(device, "iommu_group") : "";

	return *group != '\0' ? g_strdup(group) : NULL;
}

char *fake_pci_port(HostlerHost *host, const char *bdf)
{
	const FakeDevice *device = fake_device_find((FakeHost *)host, bdf);
	const char *port = device != NULL ? fake_device_get(device, "port") : "";

	return *port != '\0' ? g_strdup(port) : NULL;
}

static GStrv list_with(FakeHost *fake, const char *fact, const char *value)
{
	g_autoptr(GStrvBuilder) bdfs = g_strv_builder_new();

	for (guint i = 0; i < fake->devices->len; i++) {
		const FakeDevice *device = g_ptr_array_index(fake->devices, i);

		if (device->present && g_strcmp0(fake_device_get(device, fact), value) == 0)
			g_strv_builder_add(bdfs, device->bdf);
	}
	return g_strv_builder_end(bdfs);
}

GStrv fake_pci_below(HostlerHost *host, const char *port)
{
	return fake_pci_exists(host, port) ? list_with((FakeHost *)host, "port", port) : NULL;
}

GStrv fake_pci_devices(HostlerHost *host)
{
	const FakeHost *fake = (FakeHost *)host;
	g_autoptr(GStrvBuilder) bdfs = g_strv_builder_new();

	for (guint i = 0; i < fake->devices->len; i++) {
		const FakeDevice *device = g_ptr_array_index(fake->devices, i);

		if (device->present)
			g_strv_builder_add(bdfs, device->bdf);
	}
	return g_strv_builder_end(bdfs);
}

static int compare_numbers(gconstpointer a, gconstpointer b)
{
	guint64 x = g_ascii_strtoull(*(const char *const *)a, NULL, 10);
	guint64 y = g_ascii_strtoull(*(const char *const *)b, NULL, 10);

	return x < y ? -1 : x > y;
}

GStrv fake_groups(HostlerHost *host)
{
	FakeHost *fake = (FakeHost *)host;
	g_autoptr(GPtrArray) numbers = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < fake->devices->len; i++) {
		const FakeDevice *device = g_ptr_array_index(fake->devices, i);
		const char *group = fake_device_get(device, "iommu_group");

		if (device->present && *group != '\0' &&
		    !g_ptr_array_find_with_equal_func(numbers, group, g_str_equal, NULL))
			g_ptr_array_add(numbers, g_strdup(group));
	}
	g_ptr_array_sort(numbers, compare_numbers);
	g_ptr_array_set_size(numbers, (gint)numbers->len + 1);
	return (GStrv)g_ptr_array_free(g_steal_pointer(&numbers), FALSE);
}

GStrv fake_group_members(HostlerHost *host, const char *group, GError **error)
{
	g_auto(GStrv) members = list_with((FakeHost *)host, "iommu_group", group);

	if (members[0] != NULL)
		return g_steal_pointer(&members);
	machine_error(error, ENOENT, "cannot list IOMMU group %s", group);
	return NULL;
}
