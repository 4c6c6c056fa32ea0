/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything ends, as libvirt or a killed libvirt has it, and then everything
 * must be as it was found. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fakehost.h"
#include "soak.h"

/* --- to the end --- */

static gboolean end_vm(Soak *soak, SoakVm *vm)
{
	while (soak->failure == NULL && vm->state != SOAK_VM_OFF) {
		if (!soak_qemu_dies(soak, vm) || !soak_libvirtd_restarts(soak))
			return FALSE;
		if (vm->state == SOAK_VM_PREPARED)
			vm->state = SOAK_VM_DEAD;
		soak_vm_step(soak, vm);
	}
	return soak->failure == NULL;
}

/* By libvirt's own hand, or by a libvirtd that remembers nothing. */
static gboolean end_vms(Soak *soak)
{
	gboolean forgotten = soak_chance(soak, 25);

	for (guint i = 0; i < soak->n_vms; i++) {
		if (!forgotten && !end_vm(soak, &soak->vms[i]))
			return FALSE;
		if (forgotten && !soak_qemu_dies(soak, &soak->vms[i]))
			return FALSE;
	}
	/* TODO of the lifecycle: what is pending stays so while libvirtd lives, when
	 * `stopped` or `release` were killed. */
	if ((forgotten || soak->owed) && !soak_libvirtd_dies(soak))
		return FALSE;
	for (guint i = 0; i < soak->n_vms; i++) {
		soak->cycle += soak->vms[i].state != SOAK_VM_OFF;
		soak->vms[i].state = SOAK_VM_OFF;
		soak->vms[i].unknown = FALSE;
	}
	return soak_libvirtd_restarts(soak);
}

static gboolean let_go_all(Soak *soak)
{
	const char *bdf;

	while ((bdf = fakehost_hanging(soak->play->host)) != NULL) {
		soak->n_hung++;
		if (!soak_do(soak, NULL, "let go %s", bdf))
			return FALSE;
	}
	return TRUE;
}

static gboolean plug_all(Soak *soak)
{
	for (guint i = 0; i < soak->n_devices; i++) {
		SoakDevice *device = &soak->devices[i];

		if (device->device->present)
			continue;
		if (!soak_plug(soak, device, FALSE))
			return FALSE;
	}
	return TRUE;
}

/* QEMU's end that nobody told of begins the half minute at the first settle. */
static gboolean settle_out(Soak *soak)
{
	return soak_do(soak, NULL, "settle") && soak_do(soak, NULL, "clock +31") && soak_do(soak, NULL, "settle");
}

/* --- what must be left: nothing --- */

static gboolean is_exchanged(Soak *soak, const char *line)
{
	const char *bdf = strstr(line, "0000:");
	const SoakDevice *device = bdf != NULL ? soak_device(soak, bdf) : NULL;

	return device != NULL && device->exchanged;
}

static gboolean hold_as_found(Soak *soak)
{
	g_autofree char *left = play_left(soak->play);
	g_auto(GStrv) lines = g_strsplit(left, "\n", -1);

	for (gsize i = 0; lines[i] != NULL; i++) {
		if (*lines[i] != '\0' && !is_exchanged(soak, lines[i]))
			return soak_fail(soak, "left behind:\n%s", left);
	}
	return TRUE;
}

static gboolean is_free(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	gboolean got = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;

	if (fd >= 0)
		close(fd);
	return got;
}

/* Of files in `folder` only locks may stay, and nobody may hold them. */
static gboolean hold_folder(Soak *soak, const char *folder)
{
	g_autofree char *path = g_build_filename(soak->play->host->run_dir, folder, NULL);
	g_autoptr(GDir) names = g_dir_open(path, 0, NULL);
	const char *name;

	while (names != NULL && (name = g_dir_read_name(names)) != NULL) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		if (g_file_test(file, G_FILE_TEST_IS_DIR) || is_exchanged(soak, name))
			continue;
		if (strstr(name, "lock") == NULL)
			return soak_fail(soak, "left behind: %s", file);
		if (!is_free(file))
			return soak_fail(soak, "still locked: %s", file);
	}
	return TRUE;
}

/* hostler-metrics takes the stays that have ended. */
static void take_ended(Soak *soak)
{
	g_autofree char *path = g_build_filename(soak->play->host->run_dir, "ended", NULL);
	g_autoptr(GDir) names = g_dir_open(path, 0, NULL);
	const char *name;

	while (names != NULL && (name = g_dir_read_name(names)) != NULL) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		g_unlink(file);
	}
}

static gint count_files(void)
{
	g_autoptr(GDir) names = g_dir_open("/proc/self/fd", 0, NULL);
	gint n = 0;

	while (names != NULL && g_dir_read_name(names) != NULL)
		n++;
	return n;
}

/* The helper that the fake host plays has one of its own. */
static gboolean hold_files(Soak *soak)
{
	gint n = count_files() - (soak->fake->metrics_lock >= 0) - (soak->fake->watch_lock >= 0);

	if (soak->n_files == 0)
		soak->n_files = n;
	return n == soak->n_files || soak_fail(soak, "%d files are open, %d were", n, soak->n_files);
}

static gboolean hold_idle_settle(Soak *soak)
{
	gsize before = soak->play->told->len;

	if (!soak_do(soak, NULL, "settle"))
		return FALSE;
	for (guint i = 0; i < soak->n_devices; i++) {
		if (soak->devices[i].exchanged)
			return TRUE;
	}
	return g_str_equal(soak->play->told->str + before, "settle: done\n") ||
	       soak_fail(soak, "with nothing to do settle does: %s", soak->play->told->str + before);
}

static gboolean hold_nothing_left(Soak *soak)
{
	take_ended(soak);
	return hold_as_found(soak) && hold_folder(soak, "") && hold_folder(soak, "devices") &&
	       hold_folder(soak, "vms") && hold_folder(soak, "tmp") && hold_folder(soak, "bad") && hold_files(soak);
}

/* The device that was here before is put back: now nothing may be left of it either. */
static gboolean put_back_exchanged(Soak *soak)
{
	gboolean any = FALSE;

	for (guint i = 0; i < soak->n_devices; i++) {
		SoakDevice *device = &soak->devices[i];

		if (!device->exchanged)
			continue;
		any = TRUE;
		if (!soak_do(soak, NULL, "pull %s", device->device->bdf) ||
		    !soak_do(soak, NULL, "plug %s", device->device->bdf))
			return FALSE;
		device->exchanged = FALSE;
	}
	return !any || (settle_out(soak) && hold_nothing_left(soak));
}

/* The host's own wishes of the meantime are over too. */
static gboolean free_all(Soak *soak)
{
	for (guint i = 0; i < soak->n_devices; i++) {
		const FakeDevice *device = soak->devices[i].device;
		const char *then = g_hash_table_lookup(device->found, "users");
		const char *now = fake_device_get(device, "users");

		if (device->present && !g_str_equal(then, now) &&
		    !soak_do(soak, NULL, "set %s users=%s", device->bdf, then))
			return FALSE;
	}
	return TRUE;
}

/* A VM whose devices are free gets them. */
static gboolean hold_a_clean_start(Soak *soak)
{
	SoakVm *vm = &soak->vms[soak_pick(soak, soak->n_vms)];

	for (guint i = 0; vm->whole && i < 6 && soak->failure == NULL; i++) {
		soak_vm_step(soak, vm);
		if (i == 0 && soak->failure == NULL && vm->state != SOAK_VM_PREPARED)
			return soak_fail(soak, "%s does not start though all is free", vm->domain->label);
	}
	return soak->failure == NULL && end_vm(soak, vm) && soak_do(soak, NULL, "settle") && hold_as_found(soak);
}

gboolean soak_quiesce(Soak *soak)
{
	gboolean plug_first = soak_chance(soak, 50);

	if (!soak_do(soak, NULL, "no more faults") || !end_vms(soak) || !let_go_all(soak) ||
	    (plug_first && !plug_all(soak)) || !settle_out(soak) || !plug_all(soak) || !hold_idle_settle(soak) ||
	    !hold_nothing_left(soak) || !put_back_exchanged(soak) || !free_all(soak) || !hold_a_clean_start(soak))
		return FALSE;
	soak->n_quiet++;
	soak->quiet_at = soak->play->told->len;
	return TRUE;
}
