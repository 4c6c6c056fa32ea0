/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The doors to what hands a device to a VM, and to what would not let go of it. */
#include <errno.h>

#include "call.h"
#include "hostler/error.h"
#include "host/machine.h"

char *fake_pci_vfio_module(HostlerHost *host, const char *bdf, GError **error)
{
	FakeCall call = { .door = "vfio-module", .bdf = bdf };
	FakeDevice *device = NULL;
	int errnum;

	if (fake_call_pass((FakeHost *)host, &call, &device, &errnum) != FAKE_CALL_FAILS)
		return g_strdup(fake_device_get(device, "vfio_module"));
	machine_error(error, errnum, "cannot read modalias of %s", bdf);
	return NULL;
}

gboolean fake_pci_on_vfio(HostlerHost *host, const char *bdf, GError **error)
{
	FakeCall call = { .door = "on-vfio", .bdf = bdf };
	FakeDevice *device = NULL;
	int errnum;

	if (fake_call_pass((FakeHost *)host, &call, &device, &errnum) != FAKE_CALL_FAILS)
		return fake_driver_is_vfio(fake_device_get(device, "driver"));
	machine_error(error, errnum, "cannot read the link driver of %s", bdf);
	return FALSE;
}

/* NVIDIA's driver has its files for the devices that it is bound to. */
static gboolean has_lock(const FakeDevice *device)
{
	return fake_device_get(device, "unbind_lock") != NULL &&
	       g_str_equal(fake_device_get(device, "driver"), "nvidia");
}

static gboolean refuse(FakeHost *fake, const FakeCall *call, GError **error)
{
	fake->now += 2 * G_USEC_PER_SEC;
	fake_call_note(fake, call, " -> busy");
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BUSY, "the nvidia driver still has clients on %s",
		    call->bdf);
	return FALSE;
}

gboolean fake_gpu_unbind_lock(HostlerHost *host, const char *bdf, GError **error)
{
	FakeCall call = { .door = "unbind-lock", .bdf = bdf, .order = "1" };
	FakeHost *fake = (FakeHost *)host;
	FakeDevice *device = NULL;
	int errnum;

	if (fake_call_pass(fake, &call, &device, &errnum) == FAKE_CALL_FAILS) {
		machine_error(error, errnum, "cannot ask the nvidia driver whether %s is in use (unbindLock)", bdf);
		return FALSE;
	}
	if (!has_lock(device))
		return TRUE;
	if (g_str_equal(fake_device_get(device, "unbind_lock"), "busy"))
		return refuse(fake, &call, error);
	fake_device_set(device, "unbind_lock", "1");
	fake_call_note(fake, &call, "%s", "");
	return TRUE;
}

void fake_gpu_unbind_unlock(HostlerHost *host, const char *bdf)
{
	FakeCall call = { .door = "unbind-lock", .bdf = bdf, .order = "0" };
	FakeHost *fake = (FakeHost *)host;
	FakeDevice *device = NULL;
	int errnum;

	if (fake_call_pass(fake, &call, &device, &errnum) == FAKE_CALL_FAILS || !has_lock(device) ||
	    !g_str_equal(fake_device_get(device, "unbind_lock"), "1"))
		return;
	fake_device_set(device, "unbind_lock", "0");
	fake_call_note(fake, &call, "%s", "");
}

/* --- the slot --- */

static gboolean say_reset(GError **error, const char *bdf, int errnum)
{
	HostlerErrorCode code = errnum == ENOTTY || errnum == EIO ? HOSTLER_ERROR_HOST : HOSTLER_ERROR_ABSENT;

	if (errnum != 0)
		g_set_error(error, HOSTLER_ERROR, (int)code, "VFIO %s the whole slot of %s: %s",
			    code == HOSTLER_ERROR_HOST ? "failed to reset" : "does not reset", bdf,
			    g_strerror(errnum));
	return errnum == 0;
}

gboolean fake_pci_hot_reset(HostlerHost *host, const char *const *bdfs, GError **error)
{
	g_autofree char *others = g_strjoinv(" ", (GStrv)bdfs + 1);
	FakeCall call = { .door = "hot-reset", .bdf = bdfs[0], .order = others };
	FakeHost *fake = (FakeHost *)host;
	FakeDevice *device = NULL;
	int errnum;
	FakePassage passage = fake_call_pass(fake, &call, &device, &errnum);

	if (passage == FAKE_CALL_GOES_ON) {
		errnum = fake_kernel_write(fake, device, "hot_reset", others);
		fake_call_note(fake, &call, "%s%s", errnum != 0 ? " -> " : "", errnum != 0 ? g_strerror(errnum) : "");
	}
	return passage == FAKE_CALL_DOES_NOTHING || say_reset(error, bdfs[0], errnum);
}
