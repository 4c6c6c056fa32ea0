/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes wrong, and what others do meanwhile. */
#include <string.h>

#include "fakehost.h"
#include "hostler/record.h"
#include "soak.h"

static gboolean arm_any(Soak *soak)
{
	static const char *const effects[] = { "EBUSY", "EIO", "EINVAL", "ENOMEM", "ENODEV", "hang", "hang",
					       "nothing", "nothing", "vanish", "caller dies", "run dies",
					       "run dies", "run dies" };

	return soak_do(soak, NULL, "fault at %u %s", 1 + soak_pick(soak, 60),
		       effects[soak_pick(soak, G_N_ELEMENTS(effects))]);
}

static SoakDevice *any_device(Soak *soak)
{
	SoakDevice *device;

	do
		device = &soak->devices[soak_pick(soak, soak->n_devices)];
	while (g_str_has_prefix(fake_device_get(device->device, "class"), "0x0604"));
	return device;
}

static gboolean arm_one(Soak *soak)
{
	static const char *const faults[] = {
		"write %s driver/unbind EBUSY",	    "write %s driver/unbind hang",     "write %s driver_override EINVAL",
		"write %s driver_override EIO",	    "probe %s nothing",		       "probe %s EBUSY",
		"write %s driver/unbind #* EBUSY",  "probe %s #* nothing",	       "write %s power/control EIO",
		"write %s reset hang",		    "write %s driver_override nothing", "link %s driver EIO",
	};
	const char *fault = faults[soak_pick(soak, G_N_ELEMENTS(faults))];
	const char *place = strstr(fault, "%s");

	if (soak_chance(soak, 10))
		return soak_do(soak, NULL, "fault modprobe vfio-pci %s", soak_chance(soak, 50) ? "hang" : "EIO");
	return soak_do(soak, NULL, "fault %.*s%s%s", (int)(place - fault), fault, any_device(soak)->device->bdf,
		       place + 2);
}

static gboolean clock_jumps(Soak *soak)
{
	guint seconds = soak_chance(soak, 10) ? 100000 : 1 + soak_pick(soak, 40);

	return soak_do(soak, NULL, "clock +%u", seconds);
}

/* The admin, a timer, the hook of a network, or one without devices. */
static gboolean settle(Soak *soak)
{
	gboolean armed = soak->fake->fault_at != 0 || soak->fake->faults->len > 0;
	gsize before;

	if (!soak_do(soak, NULL, "settle"))
		return FALSE;
	if (armed || soak->play->outcome != PLAY_OK)
		return TRUE;
	before = soak->play->told->len;
	if (!soak_do(soak, NULL, "settle"))
		return FALSE;
	if (strstr(soak->play->told->str + before, "\n  write ") != NULL)
		return soak_fail(soak, "a second settle writes what the first one could have");
	return TRUE;
}

static gboolean let_go(Soak *soak)
{
	const char *bdf = fakehost_hanging(soak->play->host);

	return bdf == NULL || soak_do(soak, NULL, "let go %s", bdf);
}

/* What took the place of another one, and was handed over since, is what comes back:
 * hostler leaves a third one alone until a person has seen to it. */
gboolean soak_plug(Soak *soak, SoakDevice *device, gboolean other)
{
	const char *bdf = device->device->bdf;
	g_autoptr(HostlerRecord) claim = hostler_record_load(soak->play->host, HOSTLER_RECORD_CLAIM, bdf);

	device->exchanged = other || (device->exchanged && claim != NULL);
	return soak_do(soak, NULL, "plug %s", bdf) &&
	       (!device->exchanged || soak_do(soak, NULL, "set %s device=0x9999", bdf));
}

/* The kernel does not take a device away from under a call that is in it. */
static gboolean pull_or_plug(Soak *soak)
{
	SoakDevice *device = any_device(soak);
	const char *bdf = device->device->bdf;

	if (device->device->present) {
		for (guint i = 0; i < soak->fake->flights->len; i++) {
			if (g_str_equal(((const FakeFlight *)g_ptr_array_index(soak->fake->flights, i))->bdf, bdf))
				return TRUE;
		}
		device->lost_by = ~0u;
		return soak_do(soak, NULL, "pull %s", bdf);
	}
	return soak_plug(soak, device, soak_chance(soak, 30));
}

/* Somebody mounts a disk, or unmounts it. */
static gboolean use_or_free(Soak *soak)
{
	SoakDevice *device = any_device(soak);
	const char *bdf = device->device->bdf;
	g_autoptr(HostlerRecord) claim = hostler_record_load(soak->play->host, HOSTLER_RECORD_CLAIM, bdf);
	const char *driver = fake_device_get(device->device, "driver");

	if (!device->device->present || claim != NULL || *driver == '\0' || g_str_equal(driver, "vfio-pci"))
		return TRUE;
	return soak_do(soak, NULL, "set %s users=%s", bdf, soak_chance(soak, 30) ? "sda1 is mounted on /home" : "");
}

static gboolean some_qemu_dies(Soak *soak)
{
	return soak_qemu_dies(soak, &soak->vms[soak_pick(soak, soak->n_vms)]);
}

static gboolean all_die(Soak *soak)
{
	for (guint i = 0; i < soak->n_vms; i++) {
		if (!soak_qemu_dies(soak, &soak->vms[i]))
			return FALSE;
	}
	return soak_libvirtd_dies(soak);
}

static gboolean no_more(Soak *soak)
{
	return soak_do(soak, NULL, "no more faults");
}

static const struct {
	guint percent;
	gboolean (*happens)(Soak *soak);
} troubles[] = {
	{ 40, arm_any },      { 12, arm_one }, { 3, no_more },	    { 8, clock_jumps },	    { 10, settle },
	{ 6, let_go },	      { 6, pull_or_plug }, { 3, use_or_free }, { 6, some_qemu_dies }, { 2, all_die },
	{ 4, soak_libvirtd_dies },
};

gboolean soak_trouble(Soak *soak)
{
	guint dice = soak_pick(soak, 100);

	for (gsize i = 0; i < G_N_ELEMENTS(troubles); i++) {
		if (dice < troubles[i].percent)
			return troubles[i].happens(soak);
		dice -= troubles[i].percent;
	}
	g_return_val_if_reached(FALSE);
}
