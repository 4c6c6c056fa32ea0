/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt as the hooks see it: what it calls next for a VM, what it forgets when
 * it is killed, and what it finds when it comes back. */
#include "fakehost.h"
#include "hostler/record.h"
#include "soak.h"

#define ALONE_MICROSECONDS (30 * G_USEC_PER_SEC)

static void be_off(Soak *soak, SoakVm *vm)
{
	vm->state = SOAK_VM_OFF;
	vm->unknown = FALSE;
	soak->cycle++;
}

static void leave_alone(Soak *soak, SoakVm *vm)
{
	vm->left_alone = soak->fake->now + ALONE_MICROSECONDS;
}

/* It was killed: what had no QEMU yet, or has none any more, is forgotten; of
 * what was being stopped the next one may still know. */
void soak_notice_libvirtd(Soak *soak)
{
	if (soak->libvirtd || soak->forgotten)
		return;
	soak->forgotten = TRUE;
	for (guint i = 0; i < soak->n_vms; i++) {
		SoakVm *vm = &soak->vms[i];

		if (vm->qemu)
			vm->unknown = TRUE;
		else if (vm->state != SOAK_VM_OFF && (!vm->ran || soak_chance(soak, 50)))
			be_off(soak, vm);
		else if (vm->state == SOAK_VM_STOPPED)
			vm->state = SOAK_VM_DEAD;
	}
}

/* One call of the hook; FALSE when libvirt takes it for a failure. */
static gboolean call(Soak *soak, SoakVm *vm, const char *operation, gboolean *held)
{
	*held = soak_do(soak, vm, "%s %s", operation, vm->domain->label);
	soak->n_refused += soak->play->outcome == PLAY_REFUSED;
	soak->n_killed += soak->play->outcome == PLAY_KILLED;
	return soak->play->outcome == PLAY_OK;
}

/* --- a VM's way --- */

static gboolean is_armed(const Soak *soak)
{
	return soak->fake->fault_at != 0 || soak->fake->faults->len > 0;
}

/* Nothing was in the way, and nothing went wrong: then it is no answer. */
static gboolean hold_refusal(Soak *soak, SoakVm *vm)
{
	const GPtrArray *listed = vm->domain->domain->devices;

	if (!vm->whole || soak->fake->flights->len > 0)
		return TRUE;
	for (guint i = 0; i < soak->n_devices; i++) {
		const SoakDevice *device = &soak->devices[i];

		if (!device->device->present || device->exchanged || (device->owner != NULL && device->owner != vm) ||
		    device->used)
			return TRUE;
	}
	return soak_fail(soak, "%s is refused its %u devices for no reason", vm->domain->label, listed->len);
}

static void take(Soak *soak, SoakVm *vm)
{
	const GPtrArray *listed = vm->domain->domain->devices;

	vm->state = SOAK_VM_PREPARED;
	vm->left_alone = 0;
	for (guint i = 0; i < listed->len; i++)
		soak_device(soak, ((const HostlerPciDevice *)g_ptr_array_index(listed, i))->bdf)->lost_by &= ~soak_vm_bit(soak, vm);
}

static gboolean hold_taken(Soak *soak, const SoakVm *vm)
{
	const GPtrArray *listed = vm->domain->domain->devices;

	for (guint i = 0; i < listed->len; i++) {
		const char *bdf = ((const HostlerPciDevice *)g_ptr_array_index(listed, i))->bdf;
		const SoakDevice *device = soak_device(soak, bdf);
		g_autoptr(HostlerRecord) claim = hostler_record_load(soak->play->host, HOSTLER_RECORD_CLAIM, bdf);

		if (!device->device->present)
			continue;
		if (device->owner != NULL && device->owner != vm && soak_vm_is_live(soak, device->owner))
			return soak_fail(soak, "%s was given to %s, and %s lives", bdf, vm->domain->label,
					 device->owner->domain->label);
		if (device->n_flights > 0 || device->used)
			return soak_fail(soak, "%s was given to %s, and is stuck or in use", bdf, vm->domain->label);
		if (claim == NULL || !g_str_equal(claim->uuid, vm->domain->domain->uuid) ||
		    !g_str_equal(fake_device_get(device->device, "driver"), "vfio-pci"))
			return soak_fail(soak, "%s was given to %s, and is not", bdf, vm->domain->label);
	}
	return TRUE;
}

static gboolean prepare(Soak *soak, SoakVm *vm)
{
	gboolean armed = is_armed(soak);
	gboolean held;
	gboolean taken = call(soak, vm, "prepare", &held);

	/* Should libvirtd be killed right after, the settle that was asked for has taken it back. */
	if (!held || (taken && soak->libvirtd && !hold_taken(soak, vm)) || (!taken && !armed && !hold_refusal(soak, vm)))
		return FALSE;
	vm->left_alone = 0;
	vm->ran = vm->seen = FALSE;
	if (taken)
		take(soak, vm);
	else
		vm->state = SOAK_VM_DEAD;
	return TRUE;
}

/* QEMU cannot open what is not on vfio-pci, and libvirt gives up. */
static gboolean qemu_starts(Soak *soak, SoakVm *vm)
{
	const GPtrArray *listed = vm->domain->domain->devices;

	for (guint i = 0; i < listed->len; i++) {
		const char *bdf = ((const HostlerPciDevice *)g_ptr_array_index(listed, i))->bdf;

		if (g_strcmp0(fakehost_get(soak->play->host, bdf, "driver"), "vfio-pci") != 0) {
			vm->state = SOAK_VM_DEAD;
			return TRUE;
		}
	}
	vm->state = SOAK_VM_STARTING;
	vm->qemu = vm->ran = TRUE;
	return soak_do(soak, vm, "qemu starts %s", vm->domain->label);
}

static gboolean start(Soak *soak, SoakVm *vm)
{
	gboolean held;
	gboolean ok;

	/* Another hook, or libvirt itself, said no. */
	if (soak_chance(soak, 10)) {
		vm->state = SOAK_VM_DEAD;
		return TRUE;
	}
	ok = call(soak, vm, "start", &held);
	if (!held)
		return FALSE;
	if (!ok)
		vm->state = SOAK_VM_DEAD;
	return !ok || !soak->libvirtd || qemu_starts(soak, vm);
}

gboolean soak_qemu_dies(Soak *soak, SoakVm *vm)
{
	if (!vm->qemu)
		return TRUE;
	vm->qemu = FALSE;
	vm->state = SOAK_VM_DEAD;
	/* Of one that no hook was told of a pending record knows nothing: its
	 * devices go back at once when libvirtd dies too. */
	if (vm->seen)
		leave_alone(soak, vm);
	return soak_do(soak, vm, "qemu dies %s", vm->domain->label);
}

/* `started` and `reconnect`: when they fail libvirt kills the VM. */
static gboolean enter(Soak *soak, SoakVm *vm, const char *operation)
{
	gboolean held;
	gboolean ok = call(soak, vm, operation, &held);

	if (!held)
		return FALSE;
	vm->state = SOAK_VM_RUNNING;
	vm->unknown = FALSE;
	vm->seen |= ok;
	return ok || !soak->libvirtd || soak_qemu_dies(soak, vm);
}

static gboolean leave(Soak *soak, SoakVm *vm)
{
	/* libvirt resets the devices now; of a refused VM it has none, and after half a
	 * minute it is too late. */
	gboolean held, late = vm->left_alone != 0 && soak->fake->now >= vm->left_alone;

	if (call(soak, vm, "stopped", &held) && vm->ran && !late)
		leave_alone(soak, vm);
	soak->owed |= soak->play->outcome == PLAY_KILLED;
	vm->state = SOAK_VM_STOPPED;
	return held;
}

static gboolean release(Soak *soak, SoakVm *vm)
{
	gboolean held;

	call(soak, vm, "release", &held);
	soak->owed |= soak->play->outcome == PLAY_KILLED;
	vm->left_alone = 0;
	be_off(soak, vm);
	return held;
}

static gboolean next_step(Soak *soak, SoakVm *vm)
{
	if (vm->unknown && vm->qemu)
		return enter(soak, vm, "reconnect");
	vm->unknown = FALSE;
	switch (vm->state) {
	case SOAK_VM_OFF:
		return prepare(soak, vm);
	case SOAK_VM_PREPARED:
		return start(soak, vm);
	case SOAK_VM_STARTING:
		return enter(soak, vm, "started");
	case SOAK_VM_RUNNING:
		return soak_qemu_dies(soak, vm);
	case SOAK_VM_DEAD:
		return leave(soak, vm);
	case SOAK_VM_STOPPED:
		return release(soak, vm);
	}
	g_return_val_if_reached(FALSE);
}

gboolean soak_vm_step(Soak *soak, SoakVm *vm)
{
	gboolean held = !soak->libvirtd || next_step(soak, vm);

	soak_notice_libvirtd(soak);
	return held;
}

/* --- libvirtd --- */

gboolean soak_libvirtd_dies(Soak *soak)
{
	if (!soak->libvirtd)
		return TRUE;
	if (!soak_do(soak, NULL, "libvirtd dies"))
		return FALSE;
	soak_notice_libvirtd(soak);
	return TRUE;
}

gboolean soak_libvirtd_restarts(Soak *soak)
{
	if (soak->libvirtd)
		return TRUE;
	soak->forgotten = soak->owed = FALSE;
	return soak_do(soak, NULL, "libvirtd restarts");
}
