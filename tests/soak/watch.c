/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must be true of every single step, whatever has gone wrong. */
#include <string.h>

#include "fakehost.h"
#include "hostler/record.h"
#include "soak.h"

SoakDevice *soak_device(Soak *soak, const char *bdf)
{
	for (guint i = 0; i < soak->n_devices; i++) {
		if (strncmp(soak->devices[i].device->bdf, bdf, strlen(soak->devices[i].device->bdf)) == 0)
			return &soak->devices[i];
	}
	return NULL;
}

/* Its devices are in use, or libvirt is not done with them. */
gboolean soak_vm_is_live(const Soak *soak, const SoakVm *vm)
{
	switch (vm->state) {
	case SOAK_VM_PREPARED:
		return soak->libvirtd;
	case SOAK_VM_STARTING:
	case SOAK_VM_RUNNING:
		return TRUE;
	case SOAK_VM_OFF:
	case SOAK_VM_DEAD:
	case SOAK_VM_STOPPED:
		break;
	}
	return soak->fake->now < vm->left_alone;
}

/* --- before --- */

static SoakVm *find_vm(Soak *soak, const char *uuid)
{
	for (guint i = 0; i < soak->n_vms; i++) {
		if (g_str_equal(soak->vms[i].domain->domain->uuid, uuid))
			return &soak->vms[i];
	}
	return NULL;
}

static SoakVm *find_owner(Soak *soak, const char *bdf)
{
	g_autoptr(HostlerRecord) claim = hostler_record_load(soak->play->host, HOSTLER_RECORD_CLAIM, bdf);

	return claim != NULL ? find_vm(soak, claim->uuid) : NULL;
}

static guint count_flights(Soak *soak, const char *bdf)
{
	guint n = 0;

	for (guint i = 0; i < soak->fake->flights->len; i++) {
		const FakeFlight *flight = g_ptr_array_index(soak->fake->flights, i);

		n += g_str_equal(flight->bdf, bdf);
	}
	return n;
}

static gboolean is_used(const SoakDevice *device)
{
	return *fake_device_get(device->device, "users") != '\0' &&
	       !g_str_equal(fake_device_get(device->device, "driver"), "vfio-pci");
}

static void look_before(Soak *soak)
{
	g_autoptr(GPtrArray) claims = hostler_records_load(soak->play->host, HOSTLER_RECORD_CLAIM);

	for (guint i = 0; i < soak->n_devices; i++) {
		SoakDevice *device = &soak->devices[i];

		device->owner = NULL;
		device->used = is_used(device);
		device->n_flights = count_flights(soak, device->device->bdf);
	}
	for (guint i = 0; i < claims->len; i++) {
		const HostlerRecord *claim = g_ptr_array_index(claims, i);
		SoakDevice *device = soak_device(soak, claim->key);

		if (device != NULL)
			device->owner = find_vm(soak, claim->uuid);
	}
}

/* --- after: what was written --- */

static gboolean may_touch(const SoakVm *vm, const char *operation)
{
	return vm != NULL && (g_str_has_prefix(operation, "prepare") || g_str_has_prefix(operation, "start ") ||
			      g_str_has_prefix(operation, "release"));
}

static gboolean hold_write(Soak *soak, const SoakVm *vm, const char *operation, const char *bdf)
{
	const SoakDevice *device = soak_device(soak, bdf);
	const SoakVm *owner = device != NULL ? device->owner : NULL;

	if (device == NULL)
		return TRUE;
	if (g_str_has_prefix(operation, "stopped"))
		return soak_fail(soak, "`%s` touched %s", operation, device->device->bdf);
	if (device->used)
		return soak_fail(soak, "`%s` touched %s, which the host uses", operation, device->device->bdf);
	if (owner == NULL || !soak_vm_is_live(soak, owner) || (owner == vm && may_touch(vm, operation)))
		return TRUE;
	return soak_fail(soak, "`%s` touched %s of %s, which lives", operation, device->device->bdf,
			 owner->domain->label);
}

static const char *written_device(const char *line)
{
	static const char *const doors[] = { "  write ", "  probe ", "  config-write " };

	for (gsize i = 0; i < G_N_ELEMENTS(doors); i++) {
		if (g_str_has_prefix(line, doors[i]))
			return line + strlen(doors[i]);
	}
	return NULL;
}

/* The state of the VMs is that of before: libvirt learns of it afterwards. */
static gboolean hold_writes(Soak *soak, const SoakVm *vm, const char *operation, const char *told)
{
	const char *bdf;

	while (*told != '\0') {
		bdf = written_device(told);
		if (bdf != NULL && !hold_write(soak, vm, operation, bdf))
			return FALSE;
		told = strchrnul(told, '\n');
		told += *told == '\n';
	}
	return TRUE;
}

/* --- after: how it is --- */

/* A device that is not as it was found must have a record that says how it was,
 * or nobody will ever return it. */
static gboolean hold_device(Soak *soak, const char *operation, SoakDevice *device)
{
	static const char *const facts[] = { "driver", "driver_override", "reset_method", "power/control",
					     "d3cold_allowed" };
	const char *bdf = device->device->bdf;

	if (!device->device->present) {
		device->lost_by = ~0u;
		return TRUE;
	}
	if (device->n_flights > 0 && count_flights(soak, bdf) > device->n_flights)
		return soak_fail(soak, "`%s` went to %s, which is stuck", operation, bdf);
	for (gsize i = 0; !device->exchanged && i < G_N_ELEMENTS(facts); i++) {
		const char *now = g_hash_table_lookup(device->device->facts, facts[i]);
		const char *then = g_hash_table_lookup(device->device->found, facts[i]);

		if (g_strcmp0(now, then) != 0 && find_owner(soak, bdf) == NULL)
			return soak_fail(soak, "`%s` leaves %s with %s '%s', was '%s', and no record", operation, bdf,
					 facts[i], now, then);
	}
	return TRUE;
}

static gboolean hold_devices(Soak *soak, const char *operation)
{
	for (guint i = 0; i < soak->n_devices; i++) {
		if (!hold_device(soak, operation, &soak->devices[i]))
			return FALSE;
	}
	return TRUE;
}

guint soak_vm_bit(const Soak *soak, const SoakVm *vm)
{
	return 1u << (vm - soak->vms);
}

static gboolean hold_live_vm(Soak *soak, const char *operation, const SoakVm *vm)
{
	const GPtrArray *listed = vm->domain->domain->devices;

	for (guint i = 0; i < listed->len; i++) {
		const char *bdf = ((const HostlerPciDevice *)g_ptr_array_index(listed, i))->bdf;
		const SoakDevice *device = soak_device(soak, bdf);

		if ((device->lost_by & soak_vm_bit(soak, vm)) != 0)
			continue;
		if (!g_str_equal(fake_device_get(device->device, "driver"), "vfio-pci"))
			return soak_fail(soak, "after `%s` %s of %s, which lives, is not on vfio-pci", operation, bdf,
					 vm->domain->label);
		if (find_owner(soak, bdf) != vm)
			return soak_fail(soak, "after `%s` %s has no claim of %s, which lives", operation, bdf,
					 vm->domain->label);
	}
	return TRUE;
}

static gboolean hold_live_vms(Soak *soak, const char *operation, const SoakVm *vm)
{
	for (guint i = 0; i < soak->n_vms; i++) {
		const SoakVm *other = &soak->vms[i];
		gboolean up = other->state == SOAK_VM_STARTING || other->state == SOAK_VM_RUNNING ||
			      (other->state == SOAK_VM_PREPARED && soak->libvirtd);

		/* Of a `start` that was refused or killed nothing need be left. */
		if (up && other != vm && !hold_live_vm(soak, operation, other))
			return FALSE;
	}
	return TRUE;
}

gboolean soak_do(Soak *soak, SoakVm *vm, const char *format, ...)
{
	gsize told_before = soak->play->told->len;
	g_autofree char *operation = NULL;
	va_list arguments;

	if (soak->failure != NULL)
		return FALSE;
	va_start(arguments, format);
	operation = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_string_append_printf(soak->operations, "%s\n", operation);
	look_before(soak);
	play_operation(soak->play, operation);
	soak->n_steps++;
	soak->libvirtd = hostler_process_alive(soak->play->host, &soak->play->host->caller);
	return hold_writes(soak, vm, operation, soak->play->told->str + told_before) &&
	       hold_devices(soak, operation) && hold_live_vms(soak, operation, vm);
}
