/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What images stand on, as the description has it; and what the kernel says of itself. */
#include "model.h"

#include <errno.h>

#include "hostler/storage.h"
#include "host/machine.h"

#define IN_MEMORY "in_memory" /* it can be peeked at */

void fake_storage_add(FakeHost *fake, GKeyFile *file, const char *group, const char *path)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);

	g_key_file_set_string(fake->images, path, HOSTLER_STORAGE_STACK, "ext4 on SSD");
	g_key_file_set_string(fake->images, path, HOSTLER_STORAGE_KIND, "ext4 on SSD");
	for (gsize i = 0; keys[i] != NULL; i++) {
		g_autofree char *value = g_key_file_get_string(file, group, keys[i], NULL);

		g_key_file_set_string(fake->images, path, keys[i], value);
	}
}

static int meet_fault(FakeHost *fake, const char *path)
{
	int errnum = EIO;

	if (fake->job == NULL)
		g_error("storage %s: a door that may sleep for ever, outside of a job", path);
	if (fake->job_hangs || fake->killed)
		return EIO;
	switch (fake_fault_meet(fake, "storage", path, NULL, &errnum)) {
	case FAKE_EFFECT_HANG:
		fakehost_note(&fake->host, "storage %s -> hangs", path);
		fake_job_hang(fake, path, NULL, NULL);
		return EIO;
	case FAKE_EFFECT_ERROR:
	case FAKE_EFFECT_VANISH:
	case FAKE_EFFECT_RUN_DIES:
		return errnum;
	case FAKE_EFFECT_NONE:
	case FAKE_EFFECT_NOTHING:
	case FAKE_EFFECT_CALLER_DIES:
	case FAKE_EFFECT_VM_STARTS:
	case FAKE_EFFECT_SLOW:
		break;
	}
	return 0;
}

static void copy_facts(FakeHost *fake, const char *path, GKeyFile *facts)
{
	g_auto(GStrv) keys = g_key_file_get_keys(fake->images, path, NULL, NULL);

	for (gsize i = 0; keys != NULL && keys[i] != NULL; i++) {
		g_autofree char *value = g_key_file_get_string(fake->images, path, keys[i], NULL);

		if (!g_str_equal(keys[i], IN_MEMORY))
			g_key_file_set_string(facts, HOSTLER_STORAGE, keys[i], value);
	}
}

/* What a table of mounts tells. */
static void copy_labels(FakeHost *fake, const char *path, GKeyFile *facts)
{
	static const char *const labels[] = { HOSTLER_STORAGE_STACK,	   HOSTLER_STORAGE_KIND,
					      HOSTLER_STORAGE_FILE_SYSTEM, HOSTLER_STORAGE_MOUNT_POINT,
					      HOSTLER_STORAGE_SERVER,	   HOSTLER_STORAGE_EXPORT,
					      HOSTLER_STORAGE_MOUNT_OPTIONS };

	for (gsize i = 0; i < G_N_ELEMENTS(labels); i++) {
		g_autofree char *value = g_key_file_get_string(fake->images, path, labels[i], NULL);

		if (value != NULL)
			g_key_file_set_string(facts, HOSTLER_STORAGE, labels[i], value);
	}
}

/* Asks nothing that could hang, so no fault is met. */
gboolean fake_storage_peek(HostlerHost *host, const char *path, GKeyFile *facts)
{
	FakeHost *fake = (FakeHost *)host;

	if (g_key_file_get_boolean(fake->images, path, IN_MEMORY, NULL)) {
		copy_facts(fake, path, facts);
		return TRUE;
	}
	if (g_key_file_has_key(fake->images, path, HOSTLER_STORAGE_EXPORT, NULL))
		copy_labels(fake, path, facts);
	return FALSE;
}

/* Without a group in the description there is no such image. */
gboolean fake_storage_read(HostlerHost *host, const char *path, gboolean tries, GKeyFile *facts, GError **error)
{
	FakeHost *fake = (FakeHost *)host;
	int errnum = meet_fault(fake, path);

	if (errnum != 0 || !g_key_file_has_group(fake->images, path)) {
		machine_error(error, errnum != 0 ? errnum : ENOENT, "%s", path);
		return FALSE;
	}
	copy_facts(fake, path, facts);
	return TRUE;
}

void fake_text_add(FakeHost *fake, GKeyFile *file, const char *group)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);

	for (gsize i = 0; keys[i] != NULL; i++) {
		g_autofree char *value = g_key_file_get_string(file, group, keys[i], NULL);

		g_key_file_set_string(fake->texts, group, keys[i], value);
	}
}

char *fake_net_read(HostlerHost *host, const char *name, const char *attribute)
{
	g_autofree char *group = g_strdup_printf("interface %s", name);

	return g_key_file_get_string(((FakeHost *)host)->texts, group, attribute, NULL);
}

char *fake_kernel_text(HostlerHost *host, const char *path)
{
	return g_key_file_get_string(((FakeHost *)host)->texts, "kernel", path, NULL);
}

char *fake_kernel_log(HostlerHost *host, GError **error)
{
	char *log = fake_kernel_text(host, "log");

	if (log == NULL)
		machine_error(error, EPERM, "cannot read the kernel's log");
	return log;
}
